"""The statements of the program's files that are calls, or that enter a context by one. Python 3."""

parsed = {}  # by files: their statements that are calls, by their lines


def statements(file):
    if file not in parsed:
        import ast
        import tokenize

        parsed[file] = {}
        with tokenize.open(file) as source:
            tree = ast.parse(source.read(), file)
        for node in ast.walk(tree):
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


def dotted(node):
    """Give the names of `a.b.c`, and of a call's method `a.b().c`; nothing of what is neither."""
    if hasattr(node, "id"):
        return (node.id,)
    value = getattr(node, "value", None)
    path = dotted(getattr(value, "func", value)) if hasattr(node, "attr") else ()
    return path + (node.attr,) if path else ()


def names_in(node):
    import ast

    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
