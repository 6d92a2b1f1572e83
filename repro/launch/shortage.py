"""Out of memory: recognised in each of its forms, and answered with the batch size that would fit."""

from __future__ import annotations

import os
from contextlib import suppress

from repro.launch.job import Job
from shared.protocol import Train

FORMS = ("out of memory", "can't allocate memory", "cannot allocate memory", "unable to allocate")


def is_shortage(error: BaseException) -> bool:
    """Whether an error says that memory is exhausted: CUDA's, the CPU allocator's, numpy's or Python's."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch is not imported for it
        return True
    return any(form in str(error).lower() for form in FORMS)


def sentence(job: Job) -> str:
    """What to tell: the batch that fits by count, halved as often as needed; a smaller batch is another run."""
    sizes = [p.batch_size for p in job.protocol.phases if isinstance(p, Train)]
    others = "another --device or fewer --jobs"
    if not sizes:
        return f"Out of memory; use {others}."
    used, fitting = max(sizes), None
    with suppress(Exception):  # an estimate must not hide the error that it explains
        fitting = fitting_batch(job, used)
    if fitting is None:
        return f"Out of memory with batches of {used}; use a smaller --batch-size, {others}."
    return (
        f"Out of memory with batches of {used}; --batch-size {fitting} should fit (estimated; it is another run than "
        f"the published one), or use {others}."
    )


def fitting_batch(job: Job, used: int) -> int | None:
    """The largest half, quarter, ... of a batch that fits into the memory there is."""
    from shared.training.footprint import footprint

    return footprint(job.protocol.model, job.protocol.precision).batch(memory(job.device), used)


def memory(device: str) -> int:
    """Bytes that this process may use: what is free and what it holds already."""
    import torch

    from shared.training.engine import device_named

    where = device_named(device)
    if where.type == "cuda":
        return torch.cuda.mem_get_info(where)[0] + torch.cuda.memory_reserved(where)
    return _host_memory()


def _host_memory() -> int:
    import resource

    page, pages = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_AVPHYS_PAGES")
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1])
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    there = page * (pages + resident)
    return there if limit == resource.RLIM_INFINITY else min(there, limit)
