// The loops that `benches/calls.py` measures, through nanobind.

#include <nanobind/nanobind.h>

#include <chrono>
#include <cstring>

namespace nb = nanobind;
using namespace nb::literals;

/// Keeps what was computed from being optimized away.
template <class T> static void keep(T &value) { asm volatile("" : : "r"(&value) : "memory"); }

template <class F> static double timed(long rounds, F body)
{
    body();
    auto begin = std::chrono::steady_clock::now();
    for (long round = 0; round < rounds; round++)
        body();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// On an attached thread, or on a detached one that attaches in every round.
template <class F> static double measured(bool detached, long rounds, F operation)
{
    auto round = [&] {
        auto result = operation();
        keep(result);
    };
    if (!detached)
        return timed(rounds, round);
    nb::gil_scoped_release released;
    return timed(rounds, [&] {
        nb::gil_scoped_acquire acquired;
        round();
    });
}

static double peer(const char *name, bool detached, nb::handle x, long rounds)
{
    auto is = [&](const char *other) { return std::strcmp(name, other) == 0; };
    if (is("call"))
        return measured(detached, rounds, [&] { return x(2.0); });
    if (is("keyword"))
        return measured(detached, rounds, [&] { return x("v"_a = 2.0); });
    if (is("method"))
        return measured(detached, rounds, [&] { return x.attr("method")(2.0); });
    if (is("getattr"))
        return measured(detached, rounds, [&] { return nb::object(x.attr("attribute")); });
    if (is("to_float"))
        return measured(detached, rounds, [&] { return nb::cast<double>(x); });
    if (is("from_float"))
        return measured(detached, rounds, [&] { return nb::float_(2.5); });
    if (is("clone"))
        return measured(detached, rounds, [&] { return nb::borrow(x); });
    if (is("attach"))
        return measured(detached, rounds, [&] { return 0; });
    throw nb::value_error("expected an operation");
}

NB_MODULE(calls_nanobind, module)
{
    module.def("peer", &peer);
    module.def("peer_closure", [] { return nb::cpp_function([](double v) { return v; }); });
}
