"""This package supervises the tasks that live as long as their process: each has a name, and none
dies unnoticed.

All lasting tasks run through `Supervisor.keep`. A task that raises, returns, is cancelled by
something else or makes no progress before its deadline is logged, counted, and restarted after a
pause; one that cannot be helped ends the process. Until the task has recovered, its process is not
ready.

- `policy` (pure) decides when a task counts as dead, and what follows.
- `progress` is what a task calls to report that it makes progress.
- `keeper` is what starts tasks: a supervisor, or a simple stand-in for tools.
- `supervisor` has all tasks of a process, and `supervised_task` is one of them; `task_metrics`
  exports their status.
"""
