using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Recovery;

/// <summary>Kills a process, or fills its disk, between two steps that it does to the files of one folder (tests/foreign/interrupt.c).</summary>
/// <param name="shim">The shim, built.</param>
internal sealed class Interruption(string shim)
{
    public static async Task<Interruption> BuildAsync(Func<string, string> file)
    {
        var shim = file("interrupt.so");
        (await Tool.RunAsync("gcc", ["-shared", "-fPIC", "-O2", "-o", shim, Path.Combine(SourceTree.Foreign, "interrupt.c"), "-ldl"])).MustSucceed();
        return new Interruption(shim);
    }

    /// <summary>Only writes down what is done.</summary>
    public IReadOnlyDictionary<string, string> Log(string under, string file) => With(under, ("INTERRUPT_LOG", file));

    /// <summary>SIGKILL before the step of that number, of those that contain a text.</summary>
    public IReadOnlyDictionary<string, string> Kill(string under, Moment moment) => At(under, moment, "kill");

    /// <summary>The disk is full from that step on.</summary>
    public IReadOnlyDictionary<string, string> Full(string under, Moment moment) => At(under, moment, "full");

    private Dictionary<string, string> At(string under, Moment moment, string what) =>
        With(under, ("INTERRUPT_STEP", moment.Step), ("INTERRUPT_AT", $"{moment.Number}"), ("INTERRUPT_WITH", what));

    private Dictionary<string, string> With(string under, params (string Name, string Value)[] variables) =>
        variables.Append(("LD_PRELOAD", shim)).Append(("INTERRUPT_UNDER", under)).ToDictionary(v => v.Item1, v => v.Item2);
}

/// <summary>A step: the how manieth of those that contain a text.</summary>
internal sealed record Moment(string Step, int Number);
