namespace AgentPki.Protocols.Ocsp;

/// <summary>Settings of OCSP over HTTP.</summary>
public sealed record OcspOptions
{
    /// <summary>Octets of a request; some 50 questions.</summary>
    public int RequestLimit { get; init; } = 4096;

    /// <summary>How long a body may take to arrive.</summary>
    public TimeSpan BodyDeadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an HTTP cache may keep an answer, if it does not end before: what a cache says of a certificate is at most this old.</summary>
    public TimeSpan CacheLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <exception cref="ArgumentException">A value that cannot work.</exception>
    public OcspOptions Validate() => RequestLimit is >= 256 and <= 64 * 1024 && BodyDeadline > TimeSpan.Zero && CacheLifetime >= TimeSpan.Zero
        ? this
        : throw new ArgumentException("ocsp.requestLimit must be 256 to 65536 octets, bodyDeadline positive, cacheLifetime not negative.");
}
