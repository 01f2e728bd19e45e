"""Identity as a client of other OpenID providers, such as the provincial platform 省统一身份认证."""

from services.identity.upstream.client import UpstreamClient
from services.identity.upstream.registered import Upstreams
from services.identity.upstream.settings import Upstream, read_upstreams

__all__ = ["Upstream", "UpstreamClient", "Upstreams", "read_upstreams"]
