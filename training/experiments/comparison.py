"""Train each candidate for as many steps as all, then on for as long as the slowest took, and judge it both times."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from torch import nn

from training.checkpoint import Checkpoint
from training.dataset import Pairs
from training.experiments import trials
from training.experiments.candidates import Candidate
from training.experiments.results import Results
from training.experiments.trials import Row, row
from training.generator import Generator
from training.loop import CPU, train
from training.planning import has_fast_bfloat16
from training.reporting import Report


@dataclass(frozen=True)
class Comparison:
    """What all candidates have in common. Every method raises what `train` raises, and OSError."""

    candidates: dict[str, Candidate]
    results: Results
    pairs: Pairs
    judged: dict[str, trials.Pairs]
    judge: nn.Module
    perceptual: Sequence[str]
    compiled: bool

    def seconds_a_step(self) -> dict[str, float]:
        """CPU time. All are timed in one go, so that what else the machine does later is no candidate's luck."""
        return self.results.seconds_a_step(
            lambda: {name: trials.seconds_a_step(partial(self._train, name)) for name in self.candidates}
        )

    def longest(self, least: int) -> float:
        """The CPU time of so many steps of the slowest, which all get."""
        return least * max(self.seconds_a_step().values())

    def rows(self, name: str, least: int) -> list[Row]:
        """Of a candidate after `least` steps, and after the time that the slowest takes for them; kept, once there."""
        if not (rows := self.results.rows(name)):
            seconds, resume = self.seconds_a_step(), None
            for steps in (least, max(least, round(self.longest(least) / seconds[name]))):
                trained = self._train(name, steps, resume)
                rows.append(row(name, trained, steps, steps * seconds[name], self.judged, self.judge))
                resume = Checkpoint.load(self.results.place(name) / "checkpoint.pt")
            self.results.keep(name, rows)
        return rows

    def _train(self, name: str, steps: int, resume: Checkpoint | None = None) -> Generator:
        candidate, out = self.candidates[name], self.results.place(name)
        return train(
            replace(candidate.stage, steps=steps, bf16=has_fast_bfloat16(CPU)),
            self.pairs,
            out,
            Report(out),
            start=candidate.start,
            discriminator=candidate.discriminator() if candidate.discriminator else None,
            perceptual=self.perceptual,
            compiled=self.compiled,
            resume=resume,
        )
