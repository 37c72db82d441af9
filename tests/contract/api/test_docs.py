"""The page for readers of the API has everything that it needs from the API itself."""

import re

import pytest

from tests.support.api import Api, detail_of

pytestmark = pytest.mark.anyio


async def test_the_page_asks_nobody_else_for_anything(api: Api) -> None:
    page = await api.client.get("/docs", headers={"Authorization": ""})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    asked = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page.text)
    assert len(asked) == 3
    for path in asked:
        assert path.startswith("/docs/files/")
        assert (await api.client.get(path)).status_code == 200
    assert "url: '/openapi.json'" in page.text
    assert '"validatorUrl": null' in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text


async def test_a_file_that_is_not_there_and_another_reader_are_404s(api: Api) -> None:
    for path in ("/docs/files/nothing.js", "/docs/files/../../app.py", "/redoc"):
        missing = await api.client.get(path)
        assert missing.status_code == 404
        assert detail_of(missing) == "There is nothing at this path"
