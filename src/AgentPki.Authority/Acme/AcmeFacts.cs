namespace AgentPki.Authority.Acme;

/// <summary>What a validation learned besides that a name is the account's; kept with the authorization, one <c>name=value</c> a line.</summary>
public static class AcmeFacts
{
    /// <summary>SHA-256 (hexadecimal) of the SubjectPublicKeyInfo that a device attested: the certificate is for no other key.</summary>
    public const string KeySha256 = "key.sha256";

    internal static string? Write(IReadOnlyDictionary<string, string> facts) => facts.Count == 0 ? null : string.Join('\n', facts.Select(f => $"{f.Key}={f.Value}"));

    internal static IEnumerable<(string Name, string Value)> Read(string? facts) =>
        (facts ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => (line[..line.IndexOf('=', StringComparison.Ordinal)], line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..]));
}
