"""Words of the sample team, which sells deburring and cleaning machines: made-up companies, jobs and briefs."""

from collections.abc import Mapping

ROOTS = (
    "Talbrück",
    "Ostermoor",
    "Kessenbach",
    "Norvik",
    "Haldorf",
    "Brentano",
    "Velmeer",
    "Sandvall",
    "Arlund",
    "Weidrup",
    "Montalvo",
    "Krasnik",
    "Lindvoort",
    "Perrault",
    "Zelenka",
    "Tarnow",
    "Graubach",
    "Ferrante",
    "Hollmark",
    "Strandby",
    "Quendt",
    "Ilmberg",
    "Rovaro",
    "Duvallet",
    "Eskelund",
    "Mirow",
    "Castellan",
    "Oberwies",
    "Pelikar",
    "Vantorre",
)
PARTS_OF_TRADE: Mapping[str, tuple[str, ...]] = {
    "Gear Works": ("gear wheels", "gearbox housings", "splined shafts"),
    "Hydraulics": ("valve blocks", "control spools", "cylinder heads"),
    "Precision Turning": ("turned shafts", "nozzles", "sleeves"),
    "Castings": ("cast brackets", "bearing caps", "flanges"),
    "Forge": ("connecting rods", "steering knuckles", "hooks"),
    "Pump Works": ("pump rotors", "pump housings", "impellers"),
    "Fittings": ("tap bodies", "pipe elbows", "couplings"),
    "Bearings": ("bearing rings", "roller cages", "bushings"),
    "Tooling": ("tool holders", "mould inserts", "punches"),
    "Die Casting": ("motor covers", "lamp frames", "pedal brackets"),
    "Compressors": ("compressor screws", "end plates", "piston rods"),
    "Stampings": ("stamped covers", "contact springs", "seat rails"),
    "Valve Works": ("valve seats", "injector bodies", "valve stems"),
    "Drives": ("rotor shafts", "motor housings", "end shields"),
    "Rail Parts": ("brake discs", "rail clamps", "axle boxes"),
    "Medical Parts": ("bone plates", "bone screws", "clip appliers"),
}
FORMS = ("GmbH", "AG", "Ltd", "S.p.A.", "B.V.", "AB", "S.A.", "s.r.o.")

MACHINES = (
    "Deburring cell",
    "Parts washer",
    "Ultrasonic cleaning line",
    "Brush station",
    "Vibratory finisher",
    "Robot cell",
)

LOOKS_FOR = (
    "Fewer {part} sent back by their customer",
    "Stop finishing {part} by hand on the night shift",
    "Pass the new cleanliness limit on {part}",
    "One operator instead of three for {part}",
    "Room for the new series of {part} by spring",
    "Replace an old washer that stops twice a week",
    "Same result on all {part}, whoever works",
)
WHAT_FITS = (
    "{machine} with quick change of the holder",
    "{machine}; trial on their own parts in our shop",
    "Our small {machine}, used one in stock",
    "{machine} and service within a day",
    "{machine}, counted cycle time 40 s",
    "Only the process advice for now; {machine} later",
)
TRUST = (
    "Let them ring a customer two towns away",
    "Send the trial report whichever way it comes out",
    "Count the faulty parts with their setter for an hour",
    "Name the fitter who will look after the machine",
    "Open price list, no surprise on spare parts",
    "Tell them what the machine does not do",
    "Bring the cleanliness lab's figures, not ours",
)

EVIDENCE = (
    "Visit, notes of the day",
    "Call",
    "Mail from the customer",
    "Video call",
    "Walk through the plant",
    "Call back after the visit",
)
WAITING_FOR = (
    "Next year's investment plan",
    "New plant manager starts",
    "Result of their customer's audit",
    "Move into the new hall",
    "Order for the new series",
    "Old machine written off",
)
REASONS_LOST = ("price", "competitor", "project_cancelled", "delivery_time", "own_workshop")

# What the team said of its most surprising deals, won or lost; two of them made it propose an item: name and sign.
REVIEW_NOTES: tuple[tuple[str, str, str | None, str | None], ...] = (
    (
        "won",
        "Their customer had set a date by which the parts must be clean; we only heard of it afterwards.",
        "A date set by their customer",
        "They named the customer and the day from which parts are refused.",
    ),
    (
        "lost",
        "A new plant manager stopped all orders in the week of the decision.",
        "New plant manager",
        "Whoever runs the plant has been there for less than half a year.",
    ),
    ("lost", "Nobody can say why; the dice fell this way.", None, None),
)
