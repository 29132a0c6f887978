"""The queue: one worker a job, nothing lost when one dies, nothing written by one that has lost it."""

import threading

import pytest
from sqlalchemy import select, update

from app.accounts.service import COMMAND_LINE
from app.db import utcnow
from app.jobs import service
from app.jobs.service import MOST_ATTEMPTS, Cancelled, JobFailed, LostJob
from app.jobs.tables import Job
from app.jobs.worker import work_off


@pytest.fixture
def put(database):
    """Put a job into the queue: `put()`, `put(dedupe_key="x")`; gives its id."""

    def make(**more):
        with database.writing() as session:
            return service.enqueue(session, caller=COMMAND_LINE, kind="count", args={}, now=utcnow(), **more)

    return make


@pytest.fixture
def take(database):
    """Take the next job, as a worker does."""

    def make():
        with database.writing() as session:
            return service.take(session, now=utcnow())

    return make


@pytest.fixture
def job_of(database):
    """A job as it stands."""

    def read(job_id):
        with database.reading() as session:
            return session.get_one(Job, job_id)

    return read


@pytest.fixture
def pass_time(database):
    """Let every lease and every wait end."""

    def end():
        with database.writing() as session:
            session.execute(update(Job).values(run_after=0))
            session.execute(update(Job).where(Job.lease_until.is_not(None)).values(lease_until=0))

    return end


def finish(work):
    """Do nothing, and say so."""
    with work.database.writing() as session:
        work.finish(session, {})


def write_beside(database, job):
    """Write something in the transaction of a checkpoint."""
    with database.writing() as session:
        service.enqueue(session, caller=COMMAND_LINE, kind="beside", args={}, now=utcnow())
        service.renew(session, job, done=99)


def test_a_job_is_taken_once(put, take):
    """Whoever comes second finds nothing to do."""
    job_id = put()
    assert take().id == job_id
    assert take() is None


def test_jobs_are_taken_in_the_order_they_came(put, take):
    first, second = put(), put()
    assert [take().id, take().id] == [first, second]


def test_two_workers_at_once_do_every_job_once(database, put, job_of):
    """Twenty jobs, two workers: each job is begun exactly once."""
    ids = [put() for _ in range(20)]
    begun = []

    def count(work):
        begun.append(work.job.id)
        finish(work)

    handlers = {"count": count}
    workers = [threading.Thread(target=work_off, args=(database, handlers)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(begun) == sorted(ids)
    assert {job_of(job_id).state for job_id in ids} == {"done"}


def test_a_job_whose_worker_died_is_taken_by_the_next_behind_its_checkpoint(database, put, take, pass_time):
    put()
    first = take()
    with database.writing() as session:
        service.renew(session, first, checkpoint={"landed": 3})
    pass_time()
    second = take()
    assert (second.checkpoint, second.attempts) == ({"landed": 3}, 2)


def test_a_worker_that_lost_its_job_writes_nothing_more(database, put, take, pass_time, job_of):
    """Its late checkpoint fails, and what it wrote beside it is rolled back."""
    job_id = put()
    late = take()
    pass_time()
    take()
    with pytest.raises(LostJob):
        write_beside(database, late)
    with database.reading() as session:
        assert session.scalars(select(Job.kind)).all() == ["count"]
    assert job_of(job_id).done == 0


def test_a_lease_that_is_renewed_does_not_end(database, put, take):
    put()
    job = take()
    with database.writing() as session:
        service.renew(session, job)
    assert take() is None


def test_a_job_that_fails_is_tried_again_later_and_not_for_ever(database, put, pass_time, job_of):
    """After five attempts it stays, failed, for a person to look at; the inner text of the error is not shown."""
    job_id = put()

    def fail(work):
        msg = "an inner secret"
        raise RuntimeError(msg)

    for attempt in range(1, MOST_ATTEMPTS + 1):
        work_off(database, {"count": fail})
        assert job_of(job_id).attempts == attempt
        pass_time()
    job = job_of(job_id)
    assert job.state == "failed"
    assert "secret" not in job.error


def test_a_failed_job_waits_before_it_is_tried_again(database, put, job_of):
    put()
    tries = []

    def fail(work):
        tries.append(1)
        raise RuntimeError

    work_off(database, {"count": fail})
    work_off(database, {"count": fail})
    assert len(tries) == 1


def test_what_cannot_be_done_fails_at_once_with_its_sentence(database, put, job_of):
    job_id = put()

    def refuse(work):
        raise JobFailed("The file is no table.")

    work_off(database, {"count": refuse})
    assert (job_of(job_id).state, job_of(job_id).error) == ("failed", "The file is no table.")


def test_a_job_that_kills_its_workers_is_given_up(put, take, pass_time, job_of):
    """A poisoned job must not kill every worker there is."""
    job_id = put()
    for _ in range(MOST_ATTEMPTS):
        assert take() is not None
        pass_time()
    assert take() is None
    assert job_of(job_id).state == "failed"


def test_the_same_work_is_queued_once_while_it_is_unfinished(database, put):
    first = put(dedupe_key="the same")
    assert put(dedupe_key="the same") == first
    work_off(database, {"count": finish})
    assert put(dedupe_key="the same") != first


def test_work_without_a_key_is_always_queued(put):
    assert put() != put()


def test_a_job_nobody_has_begun_is_cancelled_at_once(database, put, take, job_of):
    job_id = put()
    with database.writing() as session:
        service.cancel(session, job_id=job_id, now=utcnow())
    assert job_of(job_id).state == "cancelled"
    assert take() is None


def test_a_job_under_way_stops_at_its_next_checkpoint(database, put, job_of):
    job_id = put()

    def count(work):
        for number in range(10):
            with work.database.writing() as session:
                work.checkpoint(session, done=number)
            if number == 3:
                with work.database.writing() as session:
                    service.cancel(session, job_id=job_id, now=utcnow())

    work_off(database, {"count": count})
    assert (job_of(job_id).state, job_of(job_id).done) == ("cancelled", 3)


def test_a_cancelled_checkpoint_keeps_nothing_written_beside_it(database, put, take):
    job_id = put()
    job = take()
    with database.writing() as session:
        service.cancel(session, job_id=job_id, now=utcnow())
    with pytest.raises(Cancelled):
        write_beside(database, job)
    with database.reading() as session:
        assert session.scalars(select(Job.kind)).all() == ["count"]


def test_a_worker_that_is_stopped_puts_its_job_back_without_counting_the_attempt(database, put, job_of):
    job_id, stopping = put(), threading.Event()

    def begin(work):
        stopping.set()
        with work.database.writing() as session:
            work.checkpoint(session)

    work_off(database, {"count": begin}, stopping=stopping)
    assert (job_of(job_id).state, job_of(job_id).attempts) == ("queued", 0)


def test_a_caller_reads_how_far_a_job_is(api, put):
    body = api.get(f"/v1/jobs/{put()}").json()
    assert (body["kind"], body["state"], body["done"]) == ("count", "queued", 0)


def test_a_job_that_is_not_there_is_not_found(api):
    assert api.get("/v1/jobs/job_0").json()["code"] == "no_such_job"
