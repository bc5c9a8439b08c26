#!/usr/bin/env bash
# Fetch the test and crash files of image libraries, for tests/security/corpus.py: tests/security/corpora.sh FOLDER
# From the package index (needs pip), and on Debian from its source packages (needs apt-get). Nothing is built or run.
set -euo pipefail
test $# = 1 || { echo 'say where to: tests/security/corpora.sh FOLDER' >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
cd "$1"

# The versions that the bot has. pip asks the sources for their names, so setuptools comes along.
for package in pillow pillow-heif; do
    version=$(sed -n "s/^$package==\([^ ]*\).*/\1/p" "$root/requirements/bot.txt")
    "${PYTHON:-$root/.venv/bin/python}" -m pip download --quiet --no-binary :all: --no-deps --dest . "$package==$version"
done

if command -v apt-get >/dev/null; then
    mkdir -p apt/lists/partial
    sed 's/^Types: deb$/Types: deb-src/' /etc/apt/sources.list.d/debian.sources >apt/sources.sources
    apt=(apt-get -qq -o "Dir::State::lists=$PWD/apt/lists" -o "Dir::Etc::sourceparts=-"
        -o "Dir::Etc::sourcelist=$PWD/apt/sources.sources")
    "${apt[@]}" update
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    for package in exiv2 gdk-pixbuf giflib libexif libheif libjpeg-turbo libpng1.6 libwebp tiff; do
        "${apt[@]}" source --download-only --target-release "$release" "$package" || echo "left out: $package" >&2
    done
    rm -rf apt
fi

for archive in ./*.tar.*; do
    case $archive in *.asc | *.debian.tar.*) ;; *) tar -xf "$archive" ;; esac
    rm "$archive"
done
rm -f ./*.dsc
