namespace AgentPki.Authority;

/// <summary>How one CA publishes what it revoked.</summary>
public sealed record CertificateListSettings
{
    public const int MostShards = 4096;

    /// <summary>One CRL for everything, complete.</summary>
    public static CertificateListSettings Default { get; } = new();

    /// <summary>Over how many CRLs new certificates are spread; 1: one CRL, as if there were no shards. What is issued keeps its shard when this changes.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>How long a delta CRL is good for; null: there are none.</summary>
    public TimeSpan? DeltaValidity { get; init; }

    /// <summary>expiredCertsOnCRL (X.509 (2019) §9.5.2.9): certificates that ended then or later stay on the CRL; null: they leave it one CRL after their end (RFC 5280 §3.3).</summary>
    public DateTimeOffset? ExpiredSince { get; init; }

    /// <summary>The shard of a new certificate: by the last octets of its serial number, which are random.</summary>
    public int ShardOf(ReadOnlySpan<byte> serial)
    {
        if (Shards == 1)
        {
            return 0;
        }

        uint value = 0;
        foreach (var octet in serial[^Math.Min(4, serial.Length)..])
        {
            value = (value << 8) | octet;
        }

        return 1 + (int)(value % (uint)Shards);
    }

    /// <exception cref="ArgumentException">A value that cannot work.</exception>
    internal void Validate(string authority, TimeSpan completeValidity)
    {
        if (Shards is < 1 or > MostShards)
        {
            throw new ArgumentException($"The CRLs of '{authority}': 1 to {MostShards} shards are wanted, not {Shards}.");
        }

        if (DeltaValidity is { } delta && (delta < TimeSpan.FromMinutes(1) || delta >= completeValidity))
        {
            throw new ArgumentException($"The CRLs of '{authority}': a delta CRL is good for at least a minute, and for less than a complete one ({completeValidity}).");
        }
    }
}
