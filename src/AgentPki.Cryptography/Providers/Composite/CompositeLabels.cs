namespace AgentPki.Cryptography.Providers.Composite;

/// <summary>
/// How the halves of a composite are named in their own providers. A half says of itself only that it is one
/// (<see cref="KeyPurpose.CompositeHalf"/>), so the names carry what its key alone does not tell: what the whole is for, and how its RSA half pads.
/// </summary>
internal static class CompositeLabels
{
    /// <summary>The purposes a composite key can have, each with its mark.</summary>
    private static readonly (KeyPurpose Purpose, string Mark)[] Marks =
    [
        (KeyPurpose.CertificateAuthority, "ca"),
        (KeyPurpose.OcspResponder, "ocsp"),
        (KeyPurpose.LedgerCheckpoint, "ledger"),
        (KeyPurpose.TlsServer, "tls"),
        (KeyPurpose.CmsSigner, "cms"),
        (KeyPurpose.Probe, "probe"),
    ];

    public static IEnumerable<KeyPurpose> Purposes => Marks.Select(m => m.Purpose);

    public static IEnumerable<string> PaddingMarks => ["", "-pkcs15"];

    /// <exception cref="ArgumentException">No composite key has that purpose.</exception>
    public static string MlDsa(string label, KeyPurpose purpose) => $"{label}.pq-{Mark(purpose)}";

    public static string Traditional(string label, string paddingMark) => $"{label}.trad{paddingMark}";

    public static string PaddingMark(KeyAlgorithm composite) => composite.Name.EndsWith("-pkcs15", StringComparison.Ordinal) ? "-pkcs15" : "";

    private static string Mark(KeyPurpose purpose)
    {
        foreach (var (known, mark) in Marks)
        {
            if (known == purpose)
            {
                return mark;
            }
        }

        throw new ArgumentException($"A composite key cannot be for {purpose}.", nameof(purpose));
    }
}
