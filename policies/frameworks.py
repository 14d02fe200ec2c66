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
        Standard.HIPAA: ("164.308(a)(4)", "164.312(a)(1)"),
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
        Standard.PCI: ("3.2.1",),
        Standard.GDPR: ("Art. 32(1)(c)", "Art. 44"),
    },
    "cost": {Standard.ISO27001: ("A.8.6",), Standard.SOC2: ("A1.1",)},
}
"""By family, in each framework."""


def controls(family: str, standard: Standard) -> tuple[str, ...]:
    """The controls of a framework that a family serves."""
    return CONTROLS[family].get(standard, ())
