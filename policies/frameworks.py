"""Which controls of which framework a family of rules serves, for audits and presets.

Ids are those of ISO/IEC 27001:2022 Annex A, the SOC 2 trust services criteria (2017, points of focus 2022), the HIPAA Security Rule
(45 CFR part 164), PCI DSS 4.0 and the GDPR. A rule serves a control; it does not make a deployment compliant."""

from enum import StrEnum


class Standard(StrEnum):
    """A framework that auditors ask for."""

    ISO27001 = "ISO 27001"
    SOC2 = "SOC 2"
    HIPAA = "HIPAA"
    PCI = "PCI DSS"
    GDPR = "GDPR"


CONTROLS: dict[str, dict[Standard, tuple[str, ...]]] = {
    "public-storage": {
        Standard.ISO27001: ("A.8.3", "A.8.12"),
        Standard.SOC2: ("CC6.1", "CC6.6"),
        Standard.HIPAA: ("164.312(a)(1)",),
        Standard.PCI: ("1.3.1", "7.2.1"),
        Standard.GDPR: ("Art. 25(2)", "Art. 32(1)(b)"),
    },
    "public-endpoint": {
        Standard.ISO27001: ("A.8.20", "A.8.22"),
        Standard.SOC2: ("CC6.6",),
        Standard.HIPAA: ("164.312(a)(1)", "164.312(e)(1)"),
        Standard.PCI: ("1.3.1", "1.4.4"),
        Standard.GDPR: ("Art. 25(2)", "Art. 32(1)(b)"),
    },
    "open-ingress": {
        Standard.ISO27001: ("A.8.20", "A.8.22"),
        Standard.SOC2: ("CC6.6",),
        Standard.HIPAA: ("164.312(a)(1)", "164.312(e)(1)"),
        Standard.PCI: ("1.2.1", "1.3.1"),
        Standard.GDPR: ("Art. 32(1)(b)",),
    },
    "web-firewall": {
        Standard.ISO27001: ("A.8.20", "A.8.21"),
        Standard.SOC2: ("CC6.6",),
        Standard.HIPAA: ("164.312(e)(1)",),
        Standard.PCI: ("6.4.1", "6.4.2"),
        Standard.GDPR: ("Art. 32(1)(b)",),
    },
    "open-egress": {
        Standard.ISO27001: ("A.8.12", "A.8.22"),
        Standard.SOC2: ("CC6.6", "CC6.7"),
        Standard.HIPAA: ("164.312(e)(1)",),
        Standard.PCI: ("1.3.2",),
        Standard.GDPR: ("Art. 25(2)", "Art. 32(1)(b)"),
    },
    "closed-data": {
        Standard.ISO27001: ("A.5.34", "A.8.22"),
        Standard.SOC2: ("CC6.6", "C1.1"),
        Standard.HIPAA: ("164.312(a)(1)", "164.312(e)(1)"),
        Standard.PCI: ("1.3.1", "1.4.4"),
        Standard.GDPR: ("Art. 25(2)", "Art. 32(1)(b)"),
    },
    "encryption-key": {
        Standard.ISO27001: ("A.8.24",),
        Standard.SOC2: ("CC6.1", "C1.1"),
        Standard.HIPAA: ("164.312(a)(2)(iv)",),
        Standard.PCI: ("3.5.1", "3.6.1"),
        Standard.GDPR: ("Art. 32(1)(a)",),
    },
    "tls-version": {
        Standard.ISO27001: ("A.8.24",),
        Standard.SOC2: ("CC6.7",),
        Standard.HIPAA: ("164.312(e)(1)", "164.312(e)(2)(ii)"),
        Standard.PCI: ("4.2.1",),
        Standard.GDPR: ("Art. 32(1)(a)",),
    },
    "wildcard-permissions": {
        Standard.ISO27001: ("A.5.15", "A.8.2"),
        Standard.SOC2: ("CC6.1", "CC6.3"),
        Standard.HIPAA: ("164.308(a)(4)(i)", "164.312(a)(1)"),
        Standard.PCI: ("7.2.1", "7.2.2"),
        Standard.GDPR: ("Art. 25(2)", "Art. 32(4)"),
    },
    "plaintext-secret": {
        Standard.ISO27001: ("A.5.17", "A.8.24"),
        Standard.SOC2: ("CC6.1",),
        Standard.HIPAA: ("164.312(d)",),
        Standard.PCI: ("8.6.2",),
        Standard.GDPR: ("Art. 32(1)(b)",),
    },
    "log-retention": {
        Standard.ISO27001: ("A.5.33", "A.8.15"),
        Standard.SOC2: ("CC7.2", "CC7.3"),
        Standard.HIPAA: ("164.312(b)", "164.316(b)(2)(i)"),
        Standard.PCI: ("10.5.1",),
        Standard.GDPR: ("Art. 5(1)(e)", "Art. 33(5)"),
    },
    "audit-log": {
        Standard.ISO27001: ("A.8.15",),
        Standard.SOC2: ("CC7.2",),
        Standard.HIPAA: ("164.308(a)(1)(ii)(D)", "164.312(b)"),
        Standard.PCI: ("10.2.1",),
        Standard.GDPR: ("Art. 5(2)", "Art. 33(5)"),
    },
    "monitoring": {
        Standard.ISO27001: ("A.8.16",),
        Standard.SOC2: ("CC7.2", "A1.1"),
        Standard.HIPAA: ("164.308(a)(1)(ii)(D)",),
        Standard.PCI: ("10.7.2",),
        Standard.GDPR: ("Art. 32(1)(b)",),
    },
    "lost-messages": {
        Standard.ISO27001: ("A.5.30", "A.8.14"),
        Standard.SOC2: ("A1.2", "PI1.3"),
        Standard.HIPAA: ("164.312(c)(1)",),
        Standard.GDPR: ("Art. 5(1)(f)", "Art. 32(1)(b)"),
    },
    "authentication-off": {
        Standard.ISO27001: ("A.5.16", "A.8.5"),
        Standard.SOC2: ("CC6.1",),
        Standard.HIPAA: ("164.312(a)(2)(i)", "164.312(d)"),
        Standard.PCI: ("8.2.1", "8.3.1"),
        Standard.GDPR: ("Art. 32(1)(b)",),
    },
    "unpinned-image": {
        Standard.ISO27001: ("A.8.19", "A.8.32"),
        Standard.SOC2: ("CC6.8", "CC8.1"),
        Standard.HIPAA: ("164.312(c)(1)",),
        Standard.PCI: ("6.5.1",),
    },
    "supply-chain": {
        Standard.ISO27001: ("A.5.21", "A.8.8"),
        Standard.SOC2: ("CC6.8", "CC7.1"),
        Standard.HIPAA: ("164.308(a)(5)(ii)(B)",),
        Standard.PCI: ("6.3.1", "6.3.2"),
    },
    "container-hardening": {
        Standard.ISO27001: ("A.8.9",),
        Standard.SOC2: ("CC6.1", "CC6.8"),
        Standard.HIPAA: ("164.308(a)(5)(ii)(B)",),
        Standard.PCI: ("2.2.1", "2.2.6"),
        Standard.GDPR: ("Art. 32(1)(b)",),
    },
    "missing-tags": {Standard.ISO27001: ("A.5.9", "A.5.12"), Standard.SOC2: ("CC2.1",), Standard.PCI: ("12.5.1",), Standard.GDPR: ("Art. 30(1)",)},
    "governance": {Standard.ISO27001: ("A.8.32",), Standard.SOC2: ("CC8.1",), Standard.GDPR: ("Art. 22(3)", "Art. 5(2)")},
    "single-instance": {
        Standard.ISO27001: ("A.8.14",),
        Standard.SOC2: ("A1.2",),
        Standard.HIPAA: ("164.308(a)(7)(ii)(C)",),
        Standard.GDPR: ("Art. 32(1)(b)",),
    },
    "data-protection": {
        Standard.ISO27001: ("A.8.10", "A.8.13"),
        Standard.SOC2: ("A1.2", "C1.1"),
        Standard.HIPAA: ("164.308(a)(7)(ii)(A)", "164.312(c)(1)"),
        Standard.GDPR: ("Art. 32(1)(c)",),
    },
    "cost": {Standard.ISO27001: ("A.8.6",), Standard.SOC2: ("A1.1",)},
}
"""By family, in each framework."""

Controls = dict[Standard, tuple[str, ...]]

ROTATION: Controls = {
    Standard.ISO27001: ("A.8.24",),
    Standard.SOC2: ("CC6.1",),
    Standard.HIPAA: ("164.312(a)(2)(iv)",),
    Standard.PCI: ("3.7.4",),
    Standard.GDPR: ("Art. 32(1)(a)",),
}
"""For rules on how often keys change."""
KEY_LOSS: Controls = {Standard.ISO27001: ("A.8.13", "A.8.24"), Standard.PCI: ("3.7.5",)}
"""For rules against keys and secrets that are gone at once."""
RESIDENCY: Controls = {
    Standard.ISO27001: ("A.5.31", "A.5.34"),
    Standard.SOC2: ("C1.1",),
    Standard.HIPAA: (),
    Standard.GDPR: ("Art. 44",),
}
"""For rules on where data lies."""
MINIMAL: Controls = {
    Standard.ISO27001: ("A.8.11", "A.8.12"),
    Standard.SOC2: ("C1.1",),
    Standard.HIPAA: ("164.312(a)(1)",),
    Standard.PCI: ("3.2.1",),
    Standard.GDPR: ("Art. 5(1)(c)",),
}
"""For rules against copies of personal data where nobody needs them."""
PASSWORDS: Controls = {Standard.HIPAA: ("164.308(a)(5)(ii)(D)",), Standard.PCI: ("8.6.2", "8.6.3")}
"""For rules on passwords and keys of programs, and how often they change."""
SYSTEM_ACCOUNTS: Controls = {Standard.ISO27001: ("A.5.18", "A.8.2"), Standard.PCI: ("7.2.5",)}
"""For rules on what programs may do."""
UNUSED: Controls = {Standard.ISO27001: ("A.8.9",), Standard.HIPAA: (), Standard.PCI: ("1.2.7",), Standard.GDPR: ()}
"""For rules against what nothing uses any more."""
LIMITS: Controls = {Standard.ISO27001: ("A.8.6",), Standard.SOC2: ("A1.1",), Standard.HIPAA: (), Standard.PCI: (), Standard.GDPR: ("Art. 32(1)(b)",)}
"""For rules on how much is used at most, and on what is ready to answer."""
SCANNING: Controls = {Standard.ISO27001: ("A.8.8",), Standard.SOC2: ("CC7.1",), Standard.PCI: ("6.3.1", "11.3.1")}
"""For rules on looking for flaws."""
PATCHING: Controls = {Standard.ISO27001: ("A.8.8", "A.8.19"), Standard.SOC2: ("CC7.1",), Standard.PCI: ("6.3.3",)}
"""For rules on getting rid of known flaws."""
ADMISSION: Controls = {
    Standard.ISO27001: ("A.8.19", "A.8.32"),
    Standard.SOC2: ("CC6.8", "CC8.1"),
    Standard.HIPAA: ("164.312(c)(1)",),
    Standard.PCI: ("6.5.1",),
}
"""For rules on what may run at all."""
RELEASES: Controls = {Standard.ISO27001: ("A.8.32",), Standard.SOC2: ("CC8.1",), Standard.HIPAA: (), Standard.PCI: ("6.5.1",), Standard.GDPR: ()}
"""For rules on how a release goes back."""
TRACES: Controls = {Standard.HIPAA: (), Standard.PCI: (), Standard.GDPR: ()}
"""For rules on what explains slowness, and no incident."""
SHELLS: Controls = {Standard.ISO27001: ("A.8.2", "A.8.18"), Standard.SOC2: ("CC6.1", "CC6.3"), Standard.PCI: ("7.2.5",)}
"""For rules on ways into running containers."""
