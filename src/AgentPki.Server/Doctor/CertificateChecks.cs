using System.Net;
using AgentPki.Server.Home;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Server.Doctor;

/// <summary>The anchors and the appliance's TLS certificate, as files.</summary>
internal static class CertificateChecks
{
    internal static IEnumerable<Finding> Run(DoctorContext context, Func<Certificate, IReadOnlyList<Certificate>, Certificate, string?> verifyChain)
    {
        var anchors = Pem.TryReadCertificates(context.Home.RootCertificate) ?? [];
        yield return Anchors(context, anchors.Count > 0 ? anchors[0] : null);
        yield return Tls(context, anchors.Count > 0 ? anchors[^1] : null, verifyChain);
    }

    private static Finding Anchors(DoctorContext context, Certificate? root)
    {
        if (root is null || Pem.TryReadCertificates(context.Home.ChainCertificates) is not [var issuing, var top])
        {
            return Finding.Fail("anchors", "anchors/root.pem or anchors/chain.pem is missing or damaged", "Start the appliance: it writes them from its database.");
        }

        var now = context.Clock.GetUtcNow();
        if (!top.Equals(root) || !issuing.Issuer.Equals(root.Subject))
        {
            return Finding.Fail("anchors", "anchors/chain.pem does not end in anchors/root.pem", "Start the appliance: it writes them from its database.");
        }

        return root.IsValidAt(now) && issuing.IsValidAt(now)
            ? Finding.Ok("anchors", $"root until {root.NotAfter:yyyy-MM-dd}, issuing CA until {issuing.NotAfter:yyyy-MM-dd}")
            : Finding.Fail("anchors", $"the root or the issuing CA is not valid at {now:u}", "Check the clock; a CA that has ended needs a new ceremony.");
    }

    private static Finding Tls(DoctorContext context, Certificate? root, Func<Certificate, IReadOnlyList<Certificate>, Certificate, string?> verifyChain)
    {
        const string Remedy = "Start the appliance (or restart it): it renews its TLS certificate.";
        if (!File.Exists(context.Home.TlsKey) || Pem.TryReadCertificates(context.Home.TlsCertificate) is not { Count: > 0 } chain)
        {
            return Finding.Warn("tls certificate", "none yet", "Start the appliance: it makes one.");
        }

        var leaf = chain[0];
        var names = leaf.SubjectAlternativeNames;
        string[] wanted = ["localhost", "127.0.0.1", .. context.Options.Listen.Names];
        var missing = wanted.Where(name => !names.Contains(IPAddress.TryParse(name, out var ip) ? new GeneralName.Ip(ip) : new GeneralName.Dns(name))).ToList();
        if (missing.Count > 0)
        {
            return Finding.Fail("tls certificate", $"does not name {string.Join(", ", missing)}", Remedy);
        }

        if (!leaf.IsValidAt(context.Clock.GetUtcNow()))
        {
            return Finding.Fail("tls certificate", $"valid from {leaf.NotBefore:u} to {leaf.NotAfter:u} only", Remedy);
        }

        return root is not null && verifyChain(leaf, [.. chain.Skip(1)], root) is { } broken
            ? Finding.Fail("tls certificate", $"does not chain to anchors/root.pem: {broken}", Remedy)
            : Finding.Ok("tls certificate", $"{string.Join(", ", wanted)} until {leaf.NotAfter:yyyy-MM-dd}; key level token-wrapped");
    }
}
