"""What the top level of a module's source binds: what whoever imports it has. Python 3."""

bound = {}


def bound_in(module):
    """Give the names that the top level of a module's source binds, and so an import makes."""
    if module.__name__ not in bound:
        import ast
        import tokenize

        with tokenize.open(module.__file__) as file:
            tree = ast.parse(file.read())
        bound[module.__name__] = set(bindings(ast, tree.body))
    return bound[module.__name__]


def bindings(ast, body):
    for each in body:
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield each.name
        elif isinstance(each, ast.If) and is_guard(each):
            continue
        else:
            for part in ast.walk(each):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    yield part.id
                elif isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    yield part.name
                elif isinstance(part, ast.alias):
                    yield (part.asname or part.name).partition(".")[0]


def is_guard(statement):
    import ast

    return isinstance(statement, ast.If) and any(
        isinstance(each, ast.Name) and each.id == "__name__" for each in ast.walk(statement.test)
    )
