using AgentPki.X509.Extensions;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules;

/// <summary>What a certificate and a CRL want of every distribution point.</summary>
internal static class DistributionPoints
{
    /// <summary>What is wrong with one of them; null when nothing is.</summary>
    public static string? Check(IReadOnlyList<DistributionPoint> points)
    {
        foreach (var point in points)
        {
            if (point.FullName.Count == 0 || point.Reasons is not null || point.HasCrlIssuer)
            {
                return "A distribution point has a full name, and neither reasons nor a CRL issuer.";
            }

            foreach (var name in point.FullName)
            {
                if (name is not GeneralName.Uri uri || !HttpUrls.IsHttp(uri.Value))
                {
                    return $"'{name}' is not an http URL.";
                }
            }
        }

        return null;
    }
}
