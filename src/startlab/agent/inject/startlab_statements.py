"""The statements of the program's files that are calls, enter a context by one, or set a part.

Python 3.
"""

trees = {}  # by files
parsed = {}  # by files: their statements that are calls, by their lines


def tree_of(file):
    if file not in trees:
        import ast
        import tokenize

        with tokenize.open(file) as source:
            trees[file] = ast.parse(source.read(), file)
    return trees[file]


def statements(file):
    if file not in parsed:
        import ast

        parsed[file] = {}
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                for line in range(node.lineno, getattr(node, "end_lineno", node.lineno) + 1):
                    parsed[file][line] = node
            elif isinstance(node, ast.With) and isinstance(node.items[0].context_expr, ast.Call):
                enter = ast.Attribute(node.items[0].context_expr, "__enter__", ast.Load())
                entered = ast.copy_location(ast.Expr(ast.Call(enter, [], [])), node)
                parsed[file][node.lineno] = ast.fix_missing_locations(entered)
    return parsed[file]


def node_of(frame):
    """Give the call that a statement of the program's consists of, or that of its context."""
    node = statements(frame.f_code.co_filename).get(frame.f_lineno)
    return node.value if node else None


def sets_part(node):
    """Give `a.b` of a statement that sets `a.b.c` or `a.b["c"]`; None of any other."""
    import ast

    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    if not isinstance(node, (ast.Assign, ast.AugAssign)) or len(targets) > 1:
        return None
    return targets[0].value if isinstance(targets[0], (ast.Attribute, ast.Subscript)) else None


def setting_in(node):
    """Give the statement that sets a part: this one, or what a loop does; None of any other."""
    import ast

    inside = node.body[0] if isinstance(node, ast.For) and len(node.body) == 1 else node
    return inside if sets_part(inside) is not None else None


def at_line(file, number):
    """Give the statement at a line that may be made again: one that sets a part, or is a call."""
    import ast

    for node in ast.walk(tree_of(file)):
        if getattr(node, "lineno", 0) == number and setting_in(node) is not None:
            return node
    return statements(file)[number]


def dotted(node):
    """Give the names of `a.b.c`, and of a call's method `a.b().c`; nothing of what is neither."""
    if hasattr(node, "id"):
        return (node.id,)
    value = getattr(node, "value", None)
    path = dotted(getattr(value, "func", value)) if hasattr(node, "attr") else ()
    return path + (node.attr,) if path else ()


GIVEN = "startlab given"
"""Among the locals that a statement needs: the arguments of its call, and those by name."""


def as_given(node):
    """Give the statement that makes the same call with what it was given."""
    import ast

    parts = [
        ast.Subscript(ast.Name(GIVEN, ast.Load()), ast.Constant(number), ast.Load())
        for number in (0, 1)
    ]
    args, keywords = [ast.Starred(parts[0], ast.Load())], [ast.keyword(None, parts[1])]
    call = ast.Expr(ast.Call(node.value.func, args, keywords))
    return ast.fix_missing_locations(ast.copy_location(call, node))


def has_calls(nodes):
    import ast

    return any(isinstance(each, ast.Call) for node in nodes for each in ast.walk(node))


def names_in(node):
    import ast

    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def before(file, number):
    """Give the statements before a line, of the blocks that it is in.

    Not those of a module's top level: a child that imports it has them. None up to Python 3.7.
    """
    import ast

    found, block = [], tree_of(file).body
    while block:
        inside = [e for e in block if e.lineno <= number <= getattr(e, "end_lineno", 0)]
        found += [e for e in block if e.lineno < number and e not in inside]
        if block is tree_of(file).body or inside and isinstance(inside[0], ast.FunctionDef):
            found = []
        fields = [getattr(inside[0], name, ()) for name in BLOCKS] if inside else []
        block = next((e for e in fields if e and e[0].lineno <= number <= e[-1].end_lineno), None)
    return found


BLOCKS = ("body", "orelse", "finalbody")


def makers(file, number, names):
    """Give the lines of the statements before one that make what some names are.

    That is those that bind a name, and calls of what is bound. Also the names that none of them
    binds. None where they are in a block that may be passed over.
    """
    import ast

    lines, needed, bound = [], set(names), set()
    for node in reversed(before(file, number)):
        binds = {e.id for e in ast.walk(node) if isinstance(getattr(e, "ctx", None), ast.Store)
                 and isinstance(e, ast.Name)} & needed  # fmt: skip
        call = node.value if isinstance(node, ast.Expr) else None
        calls = isinstance(call, ast.Call) and set(dotted(call.func)[:1]) & needed
        if binds and not isinstance(node, (ast.Assign, ast.AnnAssign)):
            return None
        if binds or calls:
            lines.append(node.lineno)
            needed |= names_in(node)
            bound |= binds
    return lines[::-1], needed - bound
