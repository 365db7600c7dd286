using System.Security.Cryptography.X509Certificates;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Decisions;

/// <summary>Whom to ask for decisions, and as whom.</summary>
/// <param name="Appliance">Scheme, host and port, for example <c>https://pki.example.org:8443</c>.</param>
/// <param name="TrustAnchors">The roots that the appliance's certificate, and those of agents, must chain to; obtained out of band.</param>
/// <param name="Identity">The certificate, with its key, of who asks: under <c>/guard/</c> where the appliance is not configured otherwise.</param>
/// <param name="Issuer">The name in receipts: <c>decision_receipt_issuer</c> of the appliance's metadata.</param>
public sealed record DecisionClientOptions(Uri Appliance, IReadOnlyList<Certificate> TrustAnchors, X509Certificate2 Identity, string Issuer)
{
    /// <summary>Issuing CAs, without which nothing can be told of an agent's certificate when the appliance cannot be asked.</summary>
    public IReadOnlyList<Certificate> Intermediates { get; init; } = [];

    /// <summary>
    /// The agents' policy extension (dotted), so that agents whose policy is critical (RFC 5280 §4.2) can be relied on when the appliance cannot be asked: it has heeded the policy when it permitted. Null: they cannot.
    /// </summary>
    public string? HeededPolicy { get; init; }

    /// <summary>How long an answer may take; then the appliance counts as one that cannot be asked.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether a permission without a receipt is none.</summary>
    public bool WantsReceipt { get; init; }

    /// <summary>The longest that a permission is relied on when the appliance cannot be asked, whatever it says itself; zero: never.</summary>
    public TimeSpan LongestOffline { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Permissions that are remembered; of more, those are forgotten that were given first.</summary>
    public int MostRemembered { get; init; } = 10_000;

    /// <summary>How far this machine's clock may be set back before nothing is relied on until the appliance answers again.</summary>
    public TimeSpan ClockTolerance { get; init; } = TimeSpan.FromSeconds(5);

    /// <exception cref="ArgumentException">A value that cannot work.</exception>
    internal void Validate()
    {
        if (Appliance.Scheme != Uri.UriSchemeHttps)
        {
            throw new ArgumentException("Decisions are asked for over TLS only: name the appliance's https:// address.");
        }

        if (Timeout <= TimeSpan.Zero || LongestOffline < TimeSpan.Zero || MostRemembered < 1 || ClockTolerance < TimeSpan.Zero)
        {
            throw new ArgumentException("The times and sizes of a decision client must be positive.");
        }
    }
}
