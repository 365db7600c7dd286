namespace AgentPki.Protocols.Http;

/// <summary>The share of one client: so many requests at once, refilled at so many a second.</summary>
/// <param name="PerSecond">Average; 0 switches the limit off.</param>
/// <param name="Burst">At once; at least <paramref name="PerSecond"/>.</param>
public sealed record RequestShare(int PerSecond, int Burst)
{
    public static RequestShare Unlimited { get; } = new(0, 0);
}

/// <summary>What the kinds of clients may ask for.</summary>
public sealed record RequestRateOptions
{
    /// <summary>One agent: one client certificate.</summary>
    public RequestShare Certificate { get; init; } = new(50, 200);

    /// <summary>One enrolment credential from one address.</summary>
    public RequestShare Credential { get; init; } = new(50, 200);

    /// <summary>One address, for everything that comes without a certificate (with a credential too: names cost nothing to invent).</summary>
    public RequestShare Address { get; init; } = new(100, 400);

    /// <exception cref="ArgumentException">A number is negative, or a burst below its rate.</exception>
    public RequestRateOptions Validate()
    {
        foreach (var share in new[] { Certificate, Credential, Address })
        {
            if (share.PerSecond < 0 || share.Burst < share.PerSecond)
            {
                throw new ArgumentException($"A request share needs 0 <= PerSecond <= Burst, not {share.PerSecond} and {share.Burst}.");
            }
        }

        return this;
    }
}
