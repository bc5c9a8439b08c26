"""Drawn training pictures: text, user interfaces, tables, charts, line art, comics, patterns and clip art.

Photographs hold few sharp letters and no flat colours, so a generator that learned from photographs alone frays both.
These pictures are drawn exactly, at their final size, with the fonts that are installed; clip art comes from Debian's
`openclipart-svg` (public domain) where it and `rsvg-convert` are installed.
"""
