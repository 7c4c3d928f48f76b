"""Pure: a module's source → its mutants. Each differs in one place, and says how."""

import ast
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A whole module with one difference."""

    line: int
    before: str
    after: str
    tree: ast.Module

    def __str__(self) -> str:
        return f"line {self.line}: {self.before}  →  {self.after}"


def mutants(source: str) -> list[Mutant]:
    """In the order of the source. Docstrings, annotations, texts and imports are left alone."""
    tree = ast.parse(source)
    places = list(_places(tree))
    return [mutant for index in range(len(places)) for mutant in _mutants_at(tree, index)]


def _places(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node that may be changed; the same order for equal trees."""
    skipped = {id(inner) for node in ast.walk(tree) for outer in _left_alone(node) for inner in ast.walk(outer)}
    return (node for node in ast.walk(tree) if id(node) not in skipped)


def _left_alone(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.arg(annotation=ast.AST() as annotation) | ast.AnnAssign(annotation=annotation):
            yield annotation
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from node.decorator_list
            if node.returns is not None:
                yield node.returns
        case ast.ClassDef():
            yield from node.decorator_list
        case ast.Import() | ast.ImportFrom() | ast.Raise() | ast.Assert():
            yield node


def _mutants_at(tree: ast.Module, index: int) -> Iterator[Mutant]:
    for choice in range(_choices(list(_places(tree))[index])):
        changed = deepcopy(tree)
        node = list(_places(changed))[index]
        shown = _nearest(changed, node)
        before = ast.unparse(shown)
        line = getattr(node, "lineno", getattr(shown, "lineno", 0))
        _change(node, choice)
        yield Mutant(line, _short(before), _short(ast.unparse(shown)), ast.fix_missing_locations(changed))


def _choices(node: ast.AST) -> int:
    """In how many ways a node is changed."""
    match node:
        case ast.Compare() | ast.BoolOp() | ast.BinOp() | ast.AugAssign():
            operators = node.ops if isinstance(node, ast.Compare) else [node.op]
            return int(all(type(operator) in SWAPS for operator in operators))
        case ast.Constant(value=bool()) | ast.Constant(value=int()) | ast.Constant(value=float()):
            return 1
        case ast.If() | ast.IfExp() | ast.While() | ast.UnaryOp(op=ast.Not()):
            return 1
        case ast.Name(id=name, ctx=ast.Load()) if name in NAMES:
            return 1
        case ast.comprehension(ifs=[_, *_]):
            return 1
    return 0


def _change(node: ast.AST, choice: int) -> None:
    match node:
        case ast.Compare():
            node.ops = [SWAPS[type(operator)]() for operator in node.ops]  # type: ignore[misc]
        case ast.BoolOp() | ast.BinOp() | ast.AugAssign():
            node.op = SWAPS[type(node.op)]()  # type: ignore[assignment]
        case ast.Constant(value=bool()):
            node.value = not node.value
        case ast.Constant():
            node.value = node.value + 1  # type: ignore[operator]
        case ast.If() | ast.IfExp() | ast.While():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case ast.UnaryOp():
            node.op = ast.UAdd()
            node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
        case ast.Name():
            node.id = NAMES[node.id]
        case ast.comprehension():
            node.ifs = [ast.UnaryOp(ast.Not(), condition) for condition in node.ifs]


def _nearest(tree: ast.Module, node: ast.AST) -> ast.AST:
    """The smallest statement around a node, or its head where it has a body."""
    best: ast.AST = node
    for outer in ast.walk(tree):
        if isinstance(outer, ast.Return | ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr) and any(
            inner is node for inner in ast.walk(outer)
        ):
            best = outer
    if best is node:
        for outer in ast.walk(tree):
            if isinstance(outer, ast.If | ast.While) and any(inner is node for inner in ast.walk(outer.test)):
                return outer.test
        if isinstance(node, ast.If | ast.While):
            return node.test if not isinstance(node, ast.If) else node
    return best


def _short(text: str) -> str:
    first = text.strip().splitlines()[0]
    return first if len(first) <= 90 else f"{first[:87]}…"
