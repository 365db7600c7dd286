namespace AgentPki.Authority.Tests.Ceremony.Evidence;

/// <summary>One way to tamper with evidence.</summary>
/// <param name="Reason">What the program says, in part.</param>
/// <param name="ShellReason">What verify.sh says, where it has other words.</param>
internal sealed record Attack(string Name, string Reason, Func<EvidenceCopy, Task> Tamper, string? ShellReason = null)
{
    /// <summary>Whether that is the only thing that is wrong: everything else was forged in order.</summary>
    public bool IsOnly { get; init; }

    /// <summary>An attack of somebody who has no key.</summary>
    public static Attack OnFiles(string name, string reason, Action<EvidenceCopy> tamper, string? shellReason = null) => new(
        name, reason,
        copy =>
        {
            tamper(copy);
            return Task.CompletedTask;
        },
        shellReason);

    /// <summary>An attack of somebody who has every key, and changes one thing.</summary>
    public static Attack Forged(string name, string reason, Action<Forger> change, string? shellReason = null, bool only = true) => new(
        name, reason,
        async copy =>
        {
            var forger = new Forger(copy);
            change(forger);
            await forger.WriteAsync();
        },
        shellReason) { IsOnly = only };
}
