"""The history of a training."""

from dataclasses import dataclass, field

from uisrnn.training.loop import StageRecord


@dataclass
class History:
    """Each loss term at each iteration.

    Attributes:
        negative_log_likelihood: distance of the predictions from the observations.
        sigma2_prior: the inverse gamma prior with the normalisation of the Gaussian.
        regularization: the weighted norms.
        learning_rate: learning rate of the network.
        discriminative: loss of each iteration of discriminative training.
        development: its loss on the development sequences, by iteration.
        generative_development: loss of generative training on the development sequences, by iteration; only with
            `patience`.
        skipped: iterations of generative training without a finite loss; they changed nothing, and the lists above
            have no entry for them.
        discriminative_skipped: iterations of discriminative training without a finite loss.
    """

    negative_log_likelihood: list[float] = field(default_factory=list)
    sigma2_prior: list[float] = field(default_factory=list)
    regularization: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    discriminative: list[float] = field(default_factory=list)
    development: dict[int, float] = field(default_factory=dict)
    generative_development: dict[int, float] = field(default_factory=dict)
    skipped: list[int] = field(default_factory=list)
    discriminative_skipped: list[int] = field(default_factory=list)

    @staticmethod
    def of(generative: StageRecord, discriminative: StageRecord) -> "History":
        """The history of both stages."""
        return History(
            **generative.figures,
            discriminative=discriminative.losses,
            development=discriminative.checks,
            generative_development=generative.checks,
            skipped=generative.skipped,
            discriminative_skipped=discriminative.skipped,
        )

    @property
    def loss(self) -> list[float]:
        """The sum of the three terms at each iteration."""
        terms = zip(self.negative_log_likelihood, self.sigma2_prior, self.regularization, strict=True)
        return [sum(values) for values in terms]

    def __len__(self) -> int:
        return len(self.negative_log_likelihood)
