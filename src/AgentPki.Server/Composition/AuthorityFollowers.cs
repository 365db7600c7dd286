using AgentPki.Authority.Composition;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.Server.Home;
using AgentPki.Server.Tls;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Server.Composition;

/// <summary>What follows when a CA takes another's place: the appliance's HTTPS certificates, and the files that relying parties are given.</summary>
internal sealed class AuthorityFollowers : IDisposable
{
    private readonly ApplianceParts _parts;
    private readonly AuthorityServices _authority;
    private readonly ILogger _logger;
    private readonly Lock _writing = new();
    private volatile bool _isBehind;

    private AuthorityFollowers(ApplianceParts parts, AuthorityServices authority, ApplianceTls tls) =>
        (_parts, _authority, Tls, _logger) = (parts, authority, tls, parts.Environment.Loggers.CreateLogger<AuthorityFollowers>());

    internal ApplianceTls Tls { get; }

    /// <exception cref="Cli.CommandException">This machine's TLS accepts no certificate of the CA that issues for HTTPS.</exception>
    /// <exception cref="KeyUnavailableException">A certificate is due, and its CA's token cannot sign now.</exception>
    internal static async Task<AuthorityFollowers> StartAsync(ApplianceParts parts, AuthorityServices authority, TimeProvider clock, CancellationToken cancellationToken)
    {
        TlsAuthority.RequireServable(authority.Issuers, TlsIssuer(authority), parts.Options);
        await authority.MaintainAsync(cancellationToken);
        var tls = await ApplianceTls.LoadAsync(
            parts, authority.Profiles.Require(ProfileUse.TlsServer), () => TlsIssuer(authority).Certificate, (key, names, token) => IssueTlsAsync(authority, key, names, token), clock, cancellationToken);
        var followers = new AuthorityFollowers(parts, authority, tls);
        followers.WriteAnchors();
        return followers;
    }

    /// <summary>Catches up with what a succession changed. That is committed and stands: what cannot follow now is told and tried again every minute.</summary>
    /// <returns>What there is to tell, in sentences.</returns>
    internal async ValueTask<IReadOnlyList<string>> FollowAsync(CancellationToken cancellationToken)
    {
        var renewed = await Tls.RenewAsync(cancellationToken);
        IEnumerable<string> remarks =
            renewed.Contains(TlsRenewal.Failed) ? ["the HTTPS certificate is still the old CA's; it is tried again every minute, root.pem keeps its root until then"]
            : renewed.Contains(TlsRenewal.Renewed) ? [$"the HTTPS certificate comes from CA '{TlsIssuer(_authority).Name}' now"]
            : [];
        return TryWriteAnchors() is { } why ? [.. remarks, $"the files under anchors/ did not follow yet; they are tried again every minute: {why}"] : [.. remarks];
    }

    /// <summary>Renews the HTTPS certificates while running, until cancelled; the anchors follow what is served.</summary>
    internal IReadOnlyList<Task> Keep(CancellationToken cancellationToken) => Tls.Keep(Looked, cancellationToken);

    public void Dispose() => Tls.Dispose();

    private void Looked(TlsRenewal renewal)
    {
        if (renewal == TlsRenewal.Renewed || _isBehind)
        {
            TryWriteAnchors();
        }
    }

    /// <summary>Null, or why they could not be written.</summary>
    private string? TryWriteAnchors()
    {
        try
        {
            WriteAnchors();
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Log.AnchorsNotWritten(_logger, error);
            return error.Message;
        }
    }

    /// <summary>One at a time, each from what is true then: the last writes the last state.</summary>
    private void WriteAnchors()
    {
        lock (_writing)
        {
            _isBehind = true;
            var profile = _authority.Profiles.Default;
            var issuing = _authority.Issuers.SettledIn(profile.Issuer) ?? throw Missing(profile);
            var tls = Tls.Served.Select(certificate => _authority.Issuers.FindIssuerOf(certificate) ?? TlsIssuer(_authority));
            Anchors.Write(_parts.Home, issuing.Chain[^1], issuing.Certificate, tls.Select(issuer => issuer.Chain[^1]));
            var served = _authority.Successions.List().Where(s => s.IsServed && s.Record.NewWithOld is not null).Select(s => s.Record).ToList();
            Anchors.WriteRollOver(
                _parts.Home,
                [.. served.Select(s => _authority.Issuers.Find(s.Successor)?.Certificate).OfType<Certificate>()],
                [.. served.SelectMany(s => new[] { s.NewWithOld, s.OldWithNew }).OfType<byte[]>().Select(der => Certificate.Parse(der))]);
            _isBehind = false;
        }
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
