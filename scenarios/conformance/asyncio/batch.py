"""Runs many step programs on the real asyncio of the running CPython, fast: each in a fork of its own, under a
clock that does not pass by itself.  python batch.py < programs.jsonl   -> one line a program, in order:
{"trace": [line, ...], "collections": [[from, to], ...], "deadlock": bool}  or  {"error": text}

dsl.py is imported as it is. What is put under it here:
* the loop's clock: it jumps to the next timer when the loop would sleep, and ticks a little with each look, so
  that timers that were armed one after another are due one after another; those of one unit fire together, as on
  a real clock, whose selector waits in whole milliseconds;
* `gc.collect`, to note which lines came while a collection ran: what it finalises first is no rule;
* a loop that would sleep for ever ends the program with the trace so far;
* sets of tasks whose order nobody promises (a TaskGroup that is aborted, what asyncio.run cancels at its end) are
  gone through in the order of birth: one of the orders that CPython may take, and the same each time.
"""
import asyncio, builtins, gc, json, math, os, selectors, sys, types, weakref

HERE = os.path.dirname(os.path.abspath(__file__))
TICK = 1e-8
LIMIT = 200_000         # looks at the clock


class Clock:
    def __init__(self): self.base, self.ticks = 0, 0

    def now(self, unit):
        self.ticks += 1
        if self.ticks > LIMIT: Program.end(error="it does not end")
        return self.base * unit + self.ticks * TICK


class Selector(selectors.DefaultSelector):
    """Never waits: time passes instead."""
    loop = None

    def select(self, timeout=None):
        events = super().select(0)
        if events or timeout == 0: return events
        if timeout is None: Program.end(deadlock=True)
        self.loop.pass_time()
        return events


class Loop(asyncio.SelectorEventLoop):
    def __init__(self):
        self.clock = Clock()
        selector = Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self): return self.clock.now(Program.dsl.UNIT)

    def create_task(self, *args, **kwargs):
        task = super().create_task(*args, **kwargs)
        born[task] = len(order)
        order.append(None)
        return task

    def pass_time(self):
        due = self._scheduled[0]._when
        self.clock.base = max(self.clock.base, math.floor(due / Program.dsl.UNIT))


born, order = weakref.WeakKeyDictionary(), []
all_tasks, TaskGroup = asyncio.tasks.all_tasks, asyncio.TaskGroup


class InOrder(dict):
    """A set that is gone through in the order in which it was filled."""
    def add(self, item): self[item] = None
    def discard(self, item): self.pop(item, None)


class Group(TaskGroup):
    def __init__(self):
        super().__init__()
        self._tasks = InOrder()


Group.__name__ = Group.__qualname__ = "TaskGroup"


class Policy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self): return Loop()


class Gc(types.ModuleType):
    """`gc`, which says when a collection begins and ends."""
    depth = 0

    def __getattr__(self, name): return getattr(gc, name)

    def collect(self):
        lines = Program.env.trace
        start = len(lines)
        Gc.depth += 1
        gc.collect()
        Gc.depth -= 1
        if not Gc.depth: Program.collections.append([start, len(lines)])


class Program:
    """The program of this process."""
    dsl, env, collections = None, None, []

    @classmethod
    def load(cls):
        path = os.path.join(HERE, "dsl.py")
        cls.dsl = types.ModuleType("dsl")
        cls.dsl.__builtins__ = builtins         # as in a main module: dsl.py looks classes up in it
        exec(compile(open(path).read(), path, "exec"), cls.dsl.__dict__)
        cls.dsl.gc = Gc("gc")
        made = cls.dsl.Env

        def env(program):
            cls.env = made(program)
            return cls.env
        cls.dsl.Env = env
        cls.dsl.print = cls.print

    @classmethod
    def print(cls, *_, **__): cls.end()

    @classmethod
    def end(cls, deadlock=False, error=None):
        out = {"trace": list(cls.env.trace), "collections": cls.collections, "deadlock": deadlock}
        if error: out["error"] = error
        sys.stdout.write(json.dumps(out) + "\n")
        sys.stdout.flush()
        os._exit(0)

    @classmethod
    def run(cls, program):
        try: cls.dsl.main({"program": program})
        except BaseException as error:
            cls.end(error="%s: %s" % (type(error).__name__, error))


def main():
    asyncio.set_event_loop_policy(Policy())
    asyncio.TaskGroup = Group
    asyncio.tasks.all_tasks = lambda loop=None: sorted(all_tasks(loop), key=lambda task: born.get(task, 0))
    Program.load()
    asyncio.new_event_loop().close()
    gc.collect(); gc.freeze(); gc.disable()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            value = json.loads(line)
            Program.run(value.get("program", value))
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
