namespace AgentPki.Protocols.Acme.Attestation.Tpm;

/// <summary>Settings of the format <c>tpm</c>.</summary>
public sealed record TpmOptions
{
    /// <summary>Who vouches for attestation keys (AK).</summary>
    public AttestationTrust Trust { get; init; } = new();

    /// <summary>PCRs that a device must have, as a quote shows them. None: no quote is asked for.</summary>
    public IReadOnlyList<PcrRule> Pcrs { get; init; } = [];

    /// <exception cref="ArgumentException">A value that cannot work.</exception>
    public void Validate()
    {
        if (Pcrs.Select(p => p.WhyNot()).FirstOrDefault(w => w is not null) is { } wrong)
        {
            throw new ArgumentException($"acme.attestation.tpm.pcrs: {wrong}.");
        }
    }
}

/// <summary>What one PCR must hold.</summary>
/// <param name="Bank">sha256, sha384 or sha512.</param>
/// <param name="Index">0 to 23.</param>
/// <param name="Values">Hexadecimal; one of them.</param>
public sealed record PcrRule(string Bank, int Index, IReadOnlyList<string> Values)
{
    internal string? WhyNot() =>
        TpmAlgorithms.Bank(Bank) is not { } bank || TpmAlgorithms.Hash(bank) is not { } hash ? $"'{Bank}' is no bank of PCRs; sha256, sha384 and sha512 are"
        : Index is < 0 or > 23 ? $"there is no PCR {Index}; they go from 0 to 23"
        : Values.Count == 0 ? $"PCR {Index} has no value that it may hold"
        : Values.FirstOrDefault(v => v.Length != 2 * TpmAlgorithms.HashSize(hash) || !v.All(char.IsAsciiHexDigit)) is { } value ? $"'{value}' is no {Bank} value in hexadecimal"
        : null;
}
