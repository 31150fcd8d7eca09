"""The formulas of the six mood scores and the figures that calibrate a young library."""

DESCRIPTORS = ("dance", "pulse", "energy", "flux", "mode")

Formula = tuple[dict[str, float], tuple[tuple[float, tuple[str, ...]], ...]]
"""Weights of descriptors, then of the mean of several tags."""

FORMULAS: dict[str, Formula] = {
    "danceable": (
        {"dance": 0.5, "pulse": 0.25},
        ((0.25, ("dance", "House", "electro", "party", "funk", "Hip-Hop")),),
    ),
    "aggressive": (
        {"energy": 0.2, "flux": 0.3},
        (
            (0.5, ("metal", "heavy metal", "hard rock", "punk", "alternative rock")),
            (-0.3, ("Mellow", "easy listening", "acoustic", "chillout")),
        ),
    ),
    "happy": (
        {"pulse": 0.25, "mode": 0.15, "flux": 0.15},
        (
            (0.45, ("happy", "catchy", "party", "dance", "oldies", "60s", "funk")),
            (-0.3, ("sad", "ambient", "metal")),
        ),
    ),
    "party": (
        {"dance": 0.4, "energy": 0.15},
        (
            (0.45, ("party", "dance", "House", "electro", "catchy", "Hip-Hop")),
            (-0.2, ("ambient", "acoustic", "folk")),
        ),
    ),
    "relaxed": (
        {"energy": -0.25, "flux": -0.25},
        (
            (0.6, ("Mellow", "chillout", "chill", "easy listening", "ambient", "beautiful", "acoustic")),
            (-0.3, ("metal", "punk", "hard rock", "party")),
        ),
    ),
    "sad": (
        {"dance": -0.35, "mode": -0.15, "flux": -0.15},
        (
            (0.5, ("sad", "Mellow", "beautiful", "acoustic")),
            (-0.3, ("happy", "party", "dance", "catchy")),
        ),
    ),
}

# Spread of the raw scores, in the order above.
SCORE_SPREAD = (0.76, 0.73, 0.66, 0.76, 0.75, 0.86)

DESCRIPTOR_MEAN = (1.19, 0.46, 0.652, -1.985, -0.041)
DESCRIPTOR_SPREAD = (0.30, 0.23, 0.109, 0.385, 0.164)

# Log-odds of the 50 tags in the network's order.
TAG_MEAN = (
    -2.48, -3.17, -3.01, -2.78, -1.45, -3.12, -3.82, -4.44, -4.32, -2.93,
    -3.89, -4.47, -2.76, -5.28, -4.57, -4.76, -4.22, -4.29, -2.84, -4.32,
    -3.75, -4.42, -4.15, -2.21, -5.20, -5.54, -5.02, -5.25, -2.02, -4.67,
    -2.73, -5.30, -4.51, -5.21, -5.29, -5.87, -5.73, -4.80, -5.66, -6.11,
    -5.06, -4.02, -5.60, -3.52, -5.61, -6.07, -4.80, -5.25, -4.71, -6.33,
)  # fmt: skip
TAG_SPREAD = (
    0.71, 0.68, 0.52, 0.70, 1.08, 0.51, 1.10, 0.35, 0.76, 1.16,
    0.60, 1.29, 1.00, 0.52, 0.96, 0.99, 0.77, 0.73, 0.95, 0.94,
    1.14, 0.59, 0.69, 0.71, 1.23, 1.47, 1.27, 1.12, 1.14, 1.10,
    0.70, 0.50, 0.90, 0.98, 1.03, 0.79, 1.56, 0.88, 0.54, 0.49,
    1.02, 1.13, 1.28, 0.74, 1.31, 0.86, 0.82, 0.71, 1.17, 0.65,
)  # fmt: skip
