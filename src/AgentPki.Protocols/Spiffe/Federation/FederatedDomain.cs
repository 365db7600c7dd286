using System.Security.Cryptography.X509Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Protocols.Spiffe.Federation;

/// <summary>A foreign trust domain that is followed, and how its endpoint is known (SPIFFE Federation §5.2).</summary>
/// <param name="TrustDomain">Without <c>spiffe://</c>.</param>
/// <param name="Url">https.</param>
/// <param name="EndpointId">With it the profile is <c>https_spiffe</c>: the server shows an X.509-SVID with this ID. Null: <c>https_web</c>.</param>
/// <param name="WebRoots">Of <c>https_web</c>: the roots that are trusted for it; empty: the system's.</param>
public sealed record FederatedDomain(string TrustDomain, Uri Url, SpiffeId? EndpointId, X509Certificate2Collection WebRoots);
