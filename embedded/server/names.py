"""Where names of Route 53 lead, as far as a load balancer answers to them."""

import importlib
from collections.abc import Iterator
from typing import Any, NamedTuple


class Balancer(NamedTuple):
    """A load balancer and where it is."""

    account: str
    region: str
    dns_name: str


def balancer(host: str, *, region: str = "") -> Balancer | None:
    """The load balancer that a host name leads to; of several, the one in ``region``, else the first."""
    name = host.partition(":")[0].lower()
    known = {each.dns_name: each for each in _balancers()}
    if not known:  # every request asks
        return None
    wanted = [name, *(end for alias, end in _aliases() if alias == name)]
    found = [known[end] for end in wanted if end in known]
    return next((each for each in found if each.region == region), found[0] if found else None)


def leads_to_balancer(host: str) -> bool:
    """Whether a name of Route 53 leads to a load balancer; its own name at AWS is none of them."""
    found = balancer(host)
    return found is not None and found.dns_name != host.lower()


def _balancers() -> Iterator[Balancer]:
    for (account, region, _), each in _service("alb")._lbs.all_items():
        yield Balancer(account, region, each["DNSName"].lower())


def _aliases() -> Iterator[tuple[str, str]]:
    """Name and target of every alias record."""
    for _, records in list(_service("route53")._records._data.items()):
        for record in records:
            target = record.get("AliasTarget", {}).get("DNSName", "")
            if target:
                yield record["Name"].rstrip(".").lower(), target.rstrip(".").lower()


def _service(name: str) -> Any:
    return importlib.import_module("ministack.app")._get_module(name)
