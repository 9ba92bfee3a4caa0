"""Commands on a store where nothing can be written."""

from pathlib import Path

from tests.e2e.test_exit_codes import World, as_mere_mortal


def test_commands_that_read_work_where_nothing_can_be_written(tmp_path: Path) -> None:
    """Lists, audits, exports and backups to elsewhere exit 0 on a read-only file in a read-only directory."""
    (tmp_path / "kept").mkdir()
    world = World(tmp_path)
    store = f"sqlite:///{tmp_path}/kept/store.db"
    assert 0 == world.run("tables create --seed", store).code
    (tmp_path / "kept" / "store.db").chmod(0o400)
    (tmp_path / "kept").chmod(0o500)
    try:
        reads = ("chat list", "tables audit", f"tables export {tmp_path}/out", f"tables backup --name {tmp_path}/b")
        for line in reads:
            ran = world.run(line, store, before=as_mere_mortal())
            assert 0 == ran.code, (line, ran.err)
        ran = world.run("tables seed --yes", store, before=as_mere_mortal())
        assert (78, True) == (ran.code, b"store.db is read-only; it and its directory must be writable" in ran.err)
    finally:
        (tmp_path / "kept").chmod(0o700)
    assert 0 == world.run(f"tables restore {tmp_path}/b --to {tmp_path}/new.db", store).code
