"""A process beside the scenarios, which answers questions through a pipe."""

import multiprocessing

from wire import PATIENCE


class Apart:
    """A handle on a process that runs `target` with `arguments` and the other end of the pipe. An answer that is a string says
    what went wrong."""

    def __init__(self, target, *arguments):
        # Not by fork, which would also hold the descriptors of connections that others open.
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=target, args=(*arguments, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.answer()

    def answer(self):
        if not self.pipe.poll(3 * PATIENCE):
            raise AssertionError("the bystanders do not answer")
        try:
            answer = self.pipe.recv()
        except EOFError:
            raise AssertionError("the bystanders are gone") from None
        if isinstance(answer, str):
            raise AssertionError(f"beside it: {answer}")
        return answer

    def stop(self):
        self.process.terminate()
        self.process.join()
