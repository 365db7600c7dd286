namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary><c>verify.sh</c>, which verifies a ceremony's folder with a POSIX shell, coreutils and openssl: the second judge, which shares no code with <see cref="EvidenceVerifier"/>.</summary>
public static class VerifyScript
{
    private static readonly Lazy<byte[]> Octets = new(Load);

    /// <summary>The script.</summary>
    public static ReadOnlyMemory<byte> Content => Octets.Value;

    private static byte[] Load()
    {
        using var resource = typeof(VerifyScript).Assembly.GetManifestResourceStream("AgentPki.Authority.Ceremony.Evidence.verify.sh")
            ?? throw new InvalidOperationException("verify.sh is not in this assembly.");
        var content = new byte[resource.Length];
        resource.ReadExactly(content);
        return content;
    }
}
