"""The sandbox's provincial platform 省统一身份认证(样例): an OpenID provider apart from the city."""
