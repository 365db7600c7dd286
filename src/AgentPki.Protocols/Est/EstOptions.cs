namespace AgentPki.Protocols.Est;

/// <summary>Settings of EST.</summary>
public sealed record EstOptions
{
    /// <summary>Shown in the Basic challenge (RFC 7617 §2); printable ASCII without quotes.</summary>
    public string Realm { get; init; } = "AgentPki EST";

    /// <summary>Octets of a request's body. The largest honest one is signed with SLH-DSA-256f: 49,856 octets of signature (FIPS 205 table 2), in base64 some 70,000 with its names.</summary>
    public int BodyLimit { get; init; } = 96 * 1024;

    /// <summary>Octets of a full CMC request's body: certificates and signatures around the PKCS#10.</summary>
    public int FullCmcBodyLimit { get; init; } = 512 * 1024;

    /// <summary>How long a body may take to arrive.</summary>
    public TimeSpan BodyDeadline { get; init; } = TimeSpan.FromSeconds(15);

    /// <exception cref="ArgumentException">A value that cannot work.</exception>
    public EstOptions Validate()
    {
        if (Realm.Length == 0 || Realm.Any(c => c is < ' ' or > '~' or '"' or '\\'))
        {
            throw new ArgumentException("est.realm must be printable ASCII without quotes and backslashes.");
        }

        if (BodyLimit < 4096 || FullCmcBodyLimit < BodyLimit || FullCmcBodyLimit > 1024 * 1024)
        {
            throw new ArgumentException("est body limits must be at least 4096 octets, fullcmc's not below the others' and at most 1 MiB.");
        }

        return BodyDeadline > TimeSpan.Zero ? this : throw new ArgumentException("est.bodyDeadline must be positive.");
    }
}
