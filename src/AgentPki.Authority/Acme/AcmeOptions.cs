namespace AgentPki.Authority.Acme;

/// <summary>What the ACME service does and how long things last. Checked by <see cref="Validate"/> at start.</summary>
public sealed record AcmeOptions
{
    /// <summary>Where clients reach the service, without a slash at the end: what operators are told to give them.</summary>
    public string BaseUrl { get; init; } = "https://localhost:8443";

    /// <summary>
    /// Whether every URL is below <see cref="BaseUrl"/>, whatever host a request names: for a proxy that does not pass the host on, and for CAA records and
    /// dns-account-01, which name accounts by their URL. Else each client stays below the host that it named.
    /// </summary>
    public bool HasOneBaseUrl { get; init; }

    /// <summary>Whether a new account must be vouched for by an external account key (RFC 8555 §7.3.4).</summary>
    public bool ExternalAccountRequired { get; init; }

    /// <summary>RFC 8555 §7.1.1 meta; null: there are no terms.</summary>
    public string? TermsOfService { get; init; }

    /// <summary>RFC 8555 §7.1.1 meta.</summary>
    public string? Website { get; init; }

    /// <summary>How a CAA record names this CA (RFC 8659 §4.2); empty: CAA is not looked at.</summary>
    public IReadOnlyList<string> CaaIdentities { get; init; } = [];

    /// <summary>How long an order and its pending authorizations wait.</summary>
    public TimeSpan OrderLifetime { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How long a proven name may be used for further orders of its account.</summary>
    public TimeSpan AuthorizationLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long after their end orders without a certificate are kept for their clients to see.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Names in one order.</summary>
    public int MaximumIdentifiers { get; init; } = 100;

    /// <summary>Challenges looked at in one moment.</summary>
    public int ConcurrentValidations { get; init; } = 64;

    /// <summary>Challenges that wait to be looked at.</summary>
    public int WaitingValidations { get; init; } = 10_000;

    /// <summary>Certificates that one owner's accounts may have signed in one moment; others of that owner wait in turn.</summary>
    public int ConcurrentFinalizations { get; init; } = 32;

    /// <summary>Orders of one owner that wait for their turn; more are told to come back.</summary>
    public int WaitingFinalizations { get; init; } = 1000;

    /// <summary>When a client that waits should ask again.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>RFC 9773: how often a client should ask for renewal information.</summary>
    public TimeSpan RenewalInfoInterval { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Where a client begins (RFC 8555 §7.1.1).</summary>
    public string DirectoryUrl => $"{BaseUrl}/acme/directory";

    /// <summary>The URL of an account.</summary>
    public string AccountUrl(string id) => $"{BaseUrl}/acme/account/{id}";

    /// <exception cref="ArgumentException">With the option and what would be right.</exception>
    public void Validate()
    {
        if (!Uri.TryCreate(BaseUrl, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttps || BaseUrl.EndsWith('/'))
        {
            throw new ArgumentException($"Acme.BaseUrl '{BaseUrl}': https://host[:port] without a slash at the end is wanted.");
        }

        if (OrderLifetime < TimeSpan.FromMinutes(1) || AuthorizationLifetime < TimeSpan.FromMinutes(1) || Retention < TimeSpan.Zero || RetryAfter < TimeSpan.FromSeconds(1) || RenewalInfoInterval < TimeSpan.FromMinutes(1))
        {
            throw new ArgumentException("Acme: OrderLifetime, AuthorizationLifetime and RenewalInfoInterval are at least a minute, RetryAfter at least a second, Retention not negative.");
        }

        if (MaximumIdentifiers is < 1 or > 1000 || ConcurrentValidations < 1 || WaitingValidations < 1 || ConcurrentFinalizations < 1 || WaitingFinalizations < 1)
        {
            throw new ArgumentException("Acme: MaximumIdentifiers is 1 to 1000, the limits of what is done and waits are at least 1.");
        }
    }
}
