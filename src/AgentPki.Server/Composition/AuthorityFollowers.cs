using AgentPki.Authority.Composition;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.Server.Home;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Server.Composition;

/// <summary>What follows when a CA takes another's place: the appliance's HTTPS certificates, and the files that relying parties are given.</summary>
internal sealed class AuthorityFollowers : IDisposable
{
    private readonly ApplianceParts _parts;
    private readonly AuthorityServices _authority;

    private AuthorityFollowers(ApplianceParts parts, AuthorityServices authority, ApplianceTls tls) => (_parts, _authority, Tls) = (parts, authority, tls);

    internal ApplianceTls Tls { get; }

    /// <exception cref="Cli.CommandException">This machine's TLS accepts no certificate of the CA that issues for HTTPS.</exception>
    /// <exception cref="KeyUnavailableException">A certificate is due, and its CA's token cannot sign now.</exception>
    internal static async Task<AuthorityFollowers> StartAsync(ApplianceParts parts, AuthorityServices authority, TimeProvider clock, CancellationToken cancellationToken)
    {
        TlsAuthority.RequireServable(authority.Issuers, TlsIssuer(authority), parts.Options);
        WriteAnchors(parts, authority);
        await authority.MaintainAsync(cancellationToken);
        var tls = await ApplianceTls.LoadAsync(
            parts, authority.Profiles.Require(ProfileUse.TlsServer), () => TlsIssuer(authority).Certificate, (key, names, token) => IssueTlsAsync(authority, key, names, token), clock, cancellationToken);
        return new AuthorityFollowers(parts, authority, tls);
    }

    /// <summary>Catches up with what a succession changed.</summary>
    /// <returns>What there is to tell, in sentences.</returns>
    internal async ValueTask<IReadOnlyList<string>> FollowAsync(CancellationToken cancellationToken)
    {
        var renewed = await Tls.RenewAsync(cancellationToken);
        WriteAnchors(_parts, _authority);
        return renewed ? [$"the HTTPS certificate comes from CA '{TlsIssuer(_authority).Name}' now"] : [];
    }

    public void Dispose() => Tls.Dispose();

    private static void WriteAnchors(ApplianceParts parts, AuthorityServices authority)
    {
        var profile = authority.Profiles.Default;
        var issuing = authority.Issuers.SettledIn(profile.Issuer) ?? throw Missing(profile);
        Anchors.Write(parts.Home, issuing.Chain[^1], issuing.Certificate, TlsIssuer(authority).Chain[^1]);
        var served = authority.Successions.List().Where(s => s.IsServed && s.Record.NewWithOld is not null).Select(s => s.Record).ToList();
        Anchors.WriteRollOver(
            parts.Home,
            [.. served.Select(s => authority.Issuers.Find(s.Successor)?.Certificate).OfType<Certificate>()],
            [.. served.SelectMany(s => new[] { s.NewWithOld, s.OldWithNew }).OfType<byte[]>().Select(der => Certificate.Parse(der))]);
    }

    private static async Task<IReadOnlyList<Certificate>> IssueTlsAsync(AuthorityServices authority, ISigningKey key, IReadOnlyList<GeneralName> names, CancellationToken cancellationToken) =>
        await authority.Appliance.IssueAsync(ProfileUse.TlsServer, key.PublicKey, "localhost", names, cancellationToken) switch
        {
            Outcome<EnrollmentOutcome.Issued>.Done(var issued) => [issued.Certificate, .. issued.Chain],
            Outcome<EnrollmentOutcome.Issued>.Refused(var problem) => throw new InvalidOperationException($"The TLS certificate was not issued: {problem.Detail}"),
            _ => throw new System.Diagnostics.UnreachableException(),
        };

    private static Issuer TlsIssuer(AuthorityServices authority)
    {
        var profile = authority.Profiles.Require(ProfileUse.TlsServer);
        return authority.Issuers.IssuerFor(profile) ?? throw Missing(profile);
    }

    private static InvalidOperationException Missing(CertificateProfile profile) => new($"CA '{profile.Issuer}' is not there.");
}
