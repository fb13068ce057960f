"""Every world, by what is wrong with it."""

from tests.lab.worlds.answers import API, HTTP
from tests.lab.worlds.costs import COSTS
from tests.lab.worlds.credentials import CLIENT, CREDENTIALS
from tests.lab.worlds.egress import EGRESS
from tests.lab.worlds.healthy import HEALTHY
from tests.lab.worlds.names import DNS
from tests.lab.worlds.pairs import PAIRS
from tests.lab.worlds.path import PATH
from tests.lab.worlds.proxies import PROXIES
from tests.lab.worlds.trust import TLS
from tests.lab.worlds.wavering import WAVERING

WORLDS = (*HEALTHY, *PATH, *DNS, *EGRESS, *COSTS, *TLS, *HTTP, *API, *CREDENTIALS, *CLIENT, *PROXIES, *PAIRS, *WAVERING)
