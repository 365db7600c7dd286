using AgentPki.Testing.Acme;

namespace AgentPki.Protocols.Tests.Acme.Refusals;

/// <summary>Where a refusal leaves its trace in the ledger.</summary>
internal enum Trace
{
    /// <summary>Nobody proved anything: counted with others.</summary>
    Stranger,

    /// <summary>An account's signature was right: an entry with the account's name.</summary>
    Account,
}

/// <summary>One request that is wrong in one way, and what has to come of it.</summary>
/// <param name="Name">Unique: what the theory shows.</param>
/// <param name="Type">The problem's type, without the namespace.</param>
/// <param name="Send">Makes the request, and whatever has to be there before.</param>
internal sealed record AcmeRefusal(string Name, int Status, string Type, Trace Trace, Func<RefusalWorld, Task<AcmeTestAnswer>> Send)
{
    /// <summary>RFC 8555 §6.5: every answer to a POST carries a nonce; one to a GET need not.</summary>
    public bool HasNonce { get; init; } = true;

    /// <summary>Whether the account can do nothing afterwards: it was ended before.</summary>
    public bool EndsAccount { get; init; }

    public override string ToString() => Name;
}

/// <summary>The whole table, by name.</summary>
internal static class AcmeRefusals
{
    public static IReadOnlyDictionary<string, AcmeRefusal> Cases { get; } =
        new[] { EnvelopeRefusals.All, HeaderRefusals.All, AccountRefusals.All, OrderRefusals.All, FinalizeRefusals.All, RevocationRefusals.All }
            .SelectMany(cases => cases).ToDictionary(refusal => refusal.Name);
}
