"""The graph of a workflow as a drawing: laid out once by pure code, coloured as often as anything changes.

``shape`` says what depends on what. ``pins``, ``order``, ``rows``, ``channel``, ``tracks`` and ``drawing`` are the
steps of a layered layout, and ``layout`` takes them in turn. ``paint`` gives a drawn row its colours, ``part`` chooses
what of a large graph is shown, ``walk`` follows its edges, and ``words`` says the rest.
"""
