"""`losskit.torch` under torch.compile and torch.export: each loss its own, sizes as they come."""

import functools
import inspect

import grid
import numpy as np
import pytest

from losskit.core.definition import CARDS
from losskit.losses.regression import Huber, MeanSquaredError

torch = pytest.importorskip("torch")
import losskit.torch as lt  # noqa: E402
from losskit.torch.own import CLASSES  # noqa: E402

P = torch.tensor([1.0, 2.0, -3.0, 0.5])
Y = torch.tensor([0.0, -1.0, 2.0, 1.0])


@pytest.fixture(autouse=True)
def fresh():
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def both(function, *args):
    """The value, and the gradient by the first argument."""
    x = args[0].clone().requires_grad_()
    value = function(x, *args[1:])
    (gradient,) = torch.autograd.grad(value, x)
    return value.item(), gradient.tolist()


def step(loss, p, y):
    return loss(p, y)


class Holder:
    loss = None

    def __call__(self, p, y):
        return self.loss(p, y)


def closed_over(loss):
    return lambda p, y: loss(p, y)  # noqa: PLW0108


def holding(loss):
    holder = Holder()
    holder.loss = loss
    return holder


SQUARED = (8.8125, [0.5, 1.5, -2.5, -0.25])
ABSOLUTE = (2.375, [0.25, 0.25, -0.25, -0.25])
HUBER = (1.90625, [0.25, 0.25, -0.25, -0.125])
HUBER_2 = (3.15625, [0.25, 0.5, -0.5, -0.125])
FUNCTIONS = {
    lt.mean_squared_error: SQUARED,
    lt.mean_absolute_error: ABSOLUTE,
    functools.partial(lt.huber, delta=2.0): HUBER_2,
    lt.huber: HUBER,
}
MODULES = {
    lt.Huber(2.0): HUBER_2,
    lt.Huber(1.0): HUBER,
    lt.MeanSquaredError(): SQUARED,
    lt.HuberLoss(delta=2.0): HUBER_2,
}


@pytest.mark.parametrize(
    "way",
    [
        "argument",
        *(pytest.param(w, marks=pytest.mark.exhaustive) for w in ("closure", "attribute")),
    ],
)
@pytest.mark.parametrize("cases", [FUNCTIONS, MODULES], ids=["functions", "modules"])
def test_the_compiler_tells_losses_apart(way, cases):
    # All there is beside the loss itself is in each backend the same.
    compiled = torch.compile(step, backend="aot_eager" if way == "argument" else "eager")
    lay = {"argument": lambda loss: loss, "closure": closed_over, "attribute": holding}[way]
    for loss in [*cases, next(iter(cases))]:
        got = both(lambda p, y, loss=loss: compiled(lay(loss), p, y), P, Y)
        assert got == cases[loss], loss


def test_an_attribute_of_a_module_may_change():
    module = lt.HuberLoss(delta=1.0)
    compiled = torch.compile(module, backend="eager", fullgraph=True)
    assert compiled(P, Y) == 1.90625
    module.delta = 2.0
    assert compiled(P, Y) == 3.15625
    own = lt.Huber(1.0)
    compiled = torch.compile(own, backend="eager", fullgraph=True)
    assert compiled(P, Y) == 1.90625
    own.card = Huber(2.0)
    assert compiled(P, Y) == 3.15625


@pytest.mark.parametrize("kind", [float, torch.tensor])
def test_a_parameter_may_change_from_call_to_call(kind):
    def huber(p, y, delta):
        return lt.huber(p, y, delta=delta)

    # A tensor's number has to be read, which parts the graph.
    compiled = torch.compile(huber, backend="eager", fullgraph=kind is float)
    for delta in (1.0, 2.0, 0.5, 1.0):
        given = kind(delta)
        got = both(lambda p, y, given=given: compiled(p, y, given), P, Y)
        assert got == both(lambda p, y, delta=delta: lt.huber(p, y, delta=delta), P, Y)


def test_class_weights_may_change_from_call_to_call():
    z, t = torch.tensor([[0.0, 1.0, -1.0], [2.0, 0.0, 1.0]]), torch.tensor([1, 2])

    def loss(z, weights):
        return lt.sparse_categorical_crossentropy(z, t, from_logits=True, class_weight=weights)

    compiled = torch.compile(loss, backend="eager")
    for weights in ([1.0, 2.0, 0.5], [1.0, 3.0, 0.5], {1: 7.0}, torch.tensor([1.0, 5.0, 0.5])):
        torch.testing.assert_close(compiled(z, weights), loss(z, weights))


def test_parameters_of_equal_hashes():
    # hash(-1.0) is hash(-2.0)
    z = torch.tensor([[0.3, -0.2]])
    y = torch.tensor([[1.0, 0.0]])

    def loss(z, epsilon):
        return lt.poly1_crossentropy(z, y, from_logits=True, epsilon=epsilon)

    compiled = torch.compile(loss, backend="eager", fullgraph=True)
    for epsilon in (-1.0, -2.0, -1.0):
        torch.testing.assert_close(compiled(z, epsilon), loss(z, epsilon))
    assert loss(z, -1.0) != loss(z, -2.0)


def test_a_subclass_has_its_own_say():
    class Doubled(lt.MSELoss):
        def forward(self, input, target):
            return 2 * super().forward(input, target)

    class Halved(lt.MeanAbsoluteError):
        def forward(self, input, target, weight=None, mask=None):
            return super().forward(input, target, weight, mask) / 2

    class Shifted(MeanSquaredError):
        def value(self, m, y, p):
            return super().value(m, y, p) + 1.0

        def slope(self, m, y, p):
            return super().slope(m, y, p) + 1.0

    own = lt.MeanSquaredError()
    own.card = Shifted()
    hooked = lt.MSELoss()
    hooked.register_forward_hook(lambda module, args, output: 3 * output)
    wanted = {
        Doubled(): (17.625, [1.0, 3.0, -5.0, -0.5]),
        Halved(): (1.1875, [0.125, 0.125, -0.125, -0.125]),
        own: (9.8125, [0.75, 1.75, -2.25, 0.0]),
        hooked: (26.4375, [1.5, 4.5, -7.5, -0.75]),
    }
    for module, want in wanted.items():
        assert both(module, P, Y) == want
        assert both(torch.compile(module, backend="eager"), P, Y) == want


# --- sizes ---------------------------------------------------------------------------------------


def signs(*shape):
    return torch.where(torch.rand(shape) > 0.5, 1.0, -1.0)


def labels(classes, *shape):
    return torch.randint(0, classes, shape)


def named(n):
    """Every loss module under a name of torch.nn, with inputs of n items."""
    r, x, y = torch.rand, torch.randn(n, 5), torch.randn(n, 5)
    listed = torch.tensor([[3, 1, -1, -1, -1]]).expand(n, 5).clone()
    lengths = torch.full((n,), 7), torch.full((n,), 3)
    cases = [
        (lt.MSELoss(), x, y),
        (lt.L1Loss(), x, y),
        (lt.HuberLoss(), x, y),
        (lt.SmoothL1Loss(), x, y),
        (lt.PoissonNLLLoss(False, True, reduction="sum"), r(n, 5), r(n, 5)),
        (lt.CrossEntropyLoss(), x, labels(5, n)),
        (lt.CrossEntropyLoss(r(5), label_smoothing=0.1), torch.randn(n, 5, 3), labels(5, n, 3)),
        (lt.CrossEntropyLoss(r(5)), x, y.softmax(1)),
        (lt.NLLLoss(), x.log_softmax(1), labels(5, n)),
        (lt.BCELoss(), r(n, 5), r(n, 5)),
        (lt.BCEWithLogitsLoss(pos_weight=r(5)), x, r(n, 5)),
        (lt.MultiLabelSoftMarginLoss(), x, r(n, 5)),
        (lt.SoftMarginLoss(), x, signs(n, 5)),
        (lt.MarginRankingLoss(), x, y, signs(n, 5)),
        (lt.KLDivLoss(reduction="batchmean"), x.log_softmax(1), y.softmax(1)),
        (lt.GaussianNLLLoss(), x, y, r(n, 5)),
        (lt.HingeEmbeddingLoss(), x, signs(n, 5)),
        (lt.CosineEmbeddingLoss(), x, y, signs(n)),
        (lt.TripletMarginLoss(), x, y, torch.randn(n, 5)),
        (lt.TripletMarginWithDistanceLoss(), x, y, torch.randn(n, 5)),
        (lt.MultiMarginLoss(), x, labels(5, n)),
        (lt.MultiLabelMarginLoss(), x, listed),
        (lt.CTCLoss(), torch.randn(7, n, 5).log_softmax(2), labels(4, n, 3) + 1, *lengths),
    ]
    if hasattr(lt, "LinearCrossEntropyLoss"):
        cases.append((lt.LinearCrossEntropyLoss(4, 5), torch.randn(n, 4), labels(5, n)))
    return cases


NAMES = [type(case[0]).__name__ for case in named(2)]
FIRST = ["MSELoss", "CrossEntropyLoss", "BCEWithLogitsLoss", "TripletMarginLoss", "CTCLoss"]


def parted(values, first):
    """Parameters, of which those that are not the first to be asked are the exhaustive part's."""
    return [
        pytest.param(x, marks=[] if x in first else pytest.mark.exhaustive)
        for x in dict.fromkeys(values)
    ]


@pytest.mark.parametrize("name", parted(NAMES, FIRST))
def test_exported_with_sizes_left_open(name):
    pairs = zip(named(6), named(11), strict=True)
    for (module, *inputs), (_, *others) in [x for x in pairs if type(x[0][0]).__name__ == name]:
        batch = torch.export.Dim("batch", max=4096)
        axes = [1 if x.shape[0] == 7 and x.dim() == 3 else 0 for x in inputs]
        shapes = tuple({axis: batch} for axis in axes)
        exported = torch.export.export(module, tuple(inputs), dynamic_shapes=shapes)
        torch.testing.assert_close(exported.module()(*others), module(*others))


def test_every_name_of_torch_nn_is_exported():
    assert set(lt.peers.MODULES) == set(NAMES)


OWN = ["huber", "soft_dice", "root_mean_squared_error", "multiclass_hinge"]


@pytest.mark.parametrize("name", parted(CARDS, OWN))
def test_own_losses_exported_with_sizes_left_open(name):
    card = next(iter(grid.settings([name])))
    y, p = (torch.from_numpy(np.array(x)) for x in grid.inputs(card, np.float32))
    module = CLASSES[type(card).__name__](**card.parameters())
    module.card = card  # packed, where it takes several predictions
    batch = torch.export.Dim("batch", max=4096)
    sizes: tuple = ({0: batch}, {0: batch})
    if "tensors" in inspect.signature(module.forward).parameters:  # as many as the card takes
        sizes = (sizes,)
    exported = torch.export.export(module, (p, y), dynamic_shapes=sizes)
    torch.testing.assert_close(exported.module()(p[:7], y[:7]), module(p[:7], y[:7]))


def counted(function, **options):
    """The compiled function, and a list that grows by one with each of its graphs."""
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    return torch.compile(function, backend=backend, fullgraph=True, **options), graphs


@pytest.mark.parametrize(
    ("loss", "shape"),
    [
        (lt.cross_entropy, "square"),
        (lt.cross_entropy, "batch"),
        (lt.multi_margin_loss, "square"),
        pytest.param(lt.sparsemax, "square", marks=pytest.mark.exhaustive),
    ],
)
def test_two_graphs_for_all_sizes(loss, shape):
    compiled, graphs = counted(loss)
    for n in range(3, 8):
        z = torch.randn(n, n if shape == "square" else 5).log_softmax(-1)
        t = torch.randint(0, z.shape[1], (n,))
        torch.testing.assert_close(compiled(z, t), loss(z, t))
    assert len(graphs) == 2


@pytest.mark.parametrize("loss", [lt.cross_entropy, lt.sparsemax])
def test_dimensions_marked_as_dynamic(loss):
    compiled, graphs = counted(loss)
    for n, classes in ((4, 3), (5, 6), (7, 4)):
        z, t = torch.randn(n, classes), torch.randint(0, classes, (n,))
        for x, axis in ((z, 0), (z, 1), (t, 0)):
            torch._dynamo.mark_dynamic(x, axis)
        torch.testing.assert_close(compiled(z, t), loss(z, t))
    assert len(graphs) == 1


ONE_GRAPH = [
    *("CrossEntropyLoss", "HuberLoss", "TripletMarginLoss", "MultiMarginLoss"),
    "BCEWithLogitsLoss",
]


@pytest.mark.parametrize(
    "name",
    # CTC calls PyTorch's own recursion from outside of graphs.
    parted([name for name in NAMES if name != "CTCLoss"], ONE_GRAPH),
)
def test_dynamic_in_one_graph(name):
    index = NAMES.index(name)
    module, *inputs = named(6)[index]
    compiled, graphs = counted(module, dynamic=True)
    for args in (inputs, named(9)[index][1:]):
        torch.testing.assert_close(both_of(compiled, *args), both_of(module, *args))
    assert len(graphs) == 1


def both_of(function, *args):
    x = args[0].clone().requires_grad_()
    value = function(x, *args[1:])
    return value, *torch.autograd.grad(value, x)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("name", parted(NAMES, FIRST))
def test_traced_at_one_size_and_called_at_another(name):
    index = NAMES.index(name)
    module, *inputs = named(6)[index]
    traced = torch.jit.trace(module, tuple(inputs), check_trace=False)
    _, *others = named(11)[index]
    torch.testing.assert_close(traced(*others), module(*others))
