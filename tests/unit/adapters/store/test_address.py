import pytest

from voltherm.adapters.store.address import DatabaseUrlError, database_url, redacted, shown


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("sqlite:///var/voltherm.db", "sqlite+aiosqlite:///var/voltherm.db"),
        ("sqlite:////srv/voltherm.db", "sqlite+aiosqlite:////srv/voltherm.db"),
        ("sqlite://", "sqlite+aiosqlite://"),
        ("sqlite+aiosqlite:///a.db", "sqlite+aiosqlite:///a.db"),
        ("postgres://u@h/db", "postgresql+asyncpg://u@h/db"),
        ("postgresql://u:p@h:5433/db", "postgresql+asyncpg://u:p@h:5433/db"),
        (" postgresql+asyncpg://u@h/db\n", "postgresql+asyncpg://u@h/db"),
        ("postgres://u@h/db?sslmode=require", "postgresql+asyncpg://u@h/db?ssl=require"),
    ],
)
def test_each_way_to_write_an_address_gets_its_asynchronous_driver(text, meant):
    assert database_url(text).render_as_string(hide_password=False) == meant


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not a URL"),
        ("voltherm.db", "is not a URL"),
        ("mysql://u:geheim@h/db", "neither SQLite nor PostgreSQL"),
        ("postgresql+psycopg://u:geheim@h/db", "neither SQLite nor PostgreSQL"),
        ("postgresql://u:geheim@h:port/db", "is not a URL"),
        ("postgresql://u:geheim@h:5432", "names no database"),
        ("postgresql://u:geheim@h/db?sslmod=require", "unknown option 'sslmod'"),
        ("postgresql://h/db?user=u&password=geheim", "unknown option 'password'"),
        ("sqlite://var/voltherm.db", "three slashes"),
    ],
)
def test_a_bad_address_is_refused_with_its_name_and_a_remedy_but_without_its_password(text, problem):
    with pytest.raises(DatabaseUrlError, match=r"^DATABASE_URL: ") as refused:
        database_url(text)
    assert problem in str(refused.value)
    assert "write sqlite:///voltherm.db or postgresql://" in str(refused.value)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["postgresql://u:ge@heim:x/y@h/db", "postgresql://u:p@h/db?password=geheim&a=b", "x://u:geheim@h@i"]
)
def test_no_part_of_a_password_is_shown(text):
    assert "heim" not in redacted(text)


def test_an_address_is_shown_without_its_password():
    assert shown(database_url("postgres://u:geheim@h/db")) == "postgresql+asyncpg://u:***@h/db"
