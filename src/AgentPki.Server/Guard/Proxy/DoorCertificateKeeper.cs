using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Est;
using AgentPki.Cryptography;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Home;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Server.Guard.Proxy;

/// <summary>Enrols the guard over EST (RFC 7030) and renews its certificate, with a new key each time, when two thirds of its life are over.</summary>
internal sealed class DoorCertificateKeeper(DoorIdentity identity, DoorEnrolment enrolment, GuardOptions options, TimeProvider clock, ILogger logger)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);

    /// <summary>Sees to it that there is a certificate now.</summary>
    /// <exception cref="CommandException">There is none, and none could be had.</exception>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (Kept() is { } kept && kept.IsValidAt(clock.GetUtcNow()))
        {
            return;
        }

        try
        {
            await EnrollAsync(null, cancellationToken);
        }
        catch (EstProtocolException error)
        {
            throw new CommandException(ExitCodes.Refused, $"The guard could not enrol at {enrolment.Server}: {error.Message.TrimEnd('.')}.", "Look whether --est is the appliance's HTTPS port, and whether the credential in --credential is good ('agentpki credential new').");
        }
    }

    /// <summary>Renews until cancelled.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LookEvery, clock);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                if (Kept() is { } kept && clock.GetUtcNow() - kept.NotBefore > (kept.NotAfter - kept.NotBefore) * 2 / 3)
                {
                    await EnrollAsync(kept, cancellationToken);
                }
            }
            catch (Exception error) when (error is EstProtocolException or CommandException or IOException or CryptographicException)
            {
                Log.CertificateFailed(logger, error.Message.TrimEnd('.'));
            }
        }
    }

    private Certificate? Kept() => File.Exists(identity.KeyFile) && Pem.TryReadCertificates(identity.CertificateFile) is [var certificate, ..] ? certificate : null;

    private async Task EnrollAsync(Certificate? current, CancellationToken cancellationToken)
    {
        using var certificate = current is null ? null : X509Certificate2.CreateFromPemFile(identity.CertificateFile, identity.KeyFile);
        using var client = new EstClient(new EstClientOptions(enrolment.Server, options.Anchors, Credential: current is null ? Credential() : null, ClientCertificate: certificate), clock);
        var enroller = new EstEnroller(client, ProviderList.SoftwareOnly, KeyAlgorithm.EcdsaP256);
        var made = current is null
            ? await enroller.EnrollAsync(X500Name.Create((Oids.CommonName, enrolment.Names[0])), [.. enrolment.Names.Select(n => new GeneralName.Dns(n))], null, cancellationToken)
            : await enroller.ReenrollAsync(current, null, cancellationToken);
        await using var key = made.Key;
        await using var alternative = made.Alternative;
        if (made.Outcome is not EstEnrollment.Issued issued || key is not SoftwareSigningKey signing)
        {
            throw new EstProtocolException(made.Outcome is EstEnrollment.Refused refused ? refused.Detail.ReplaceLineEndings(" ") : "somebody must approve the request first");
        }

        var chain = (await client.GetCaCertificatesAsync(cancellationToken)).Where(c => c.IsCertificateAuthority && !c.IsSelfIssued);
        var pkcs8 = signing.ExportPkcs8();
        try
        {
            PrivateFile.Write(identity.KeyFile, Pem.EncodeKey(pkcs8));
            PrivateFile.Write(identity.CertificateFile, Pem.Encode([issued.Certificate, .. chain]));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    private EstCredential Credential()
    {
        if (enrolment.CredentialFile is not { } file || !File.Exists(file))
        {
            throw new CommandException(ExitCodes.Usage, "The guard has no certificate yet and no credential to get one.", "Type 'agentpki credential new --owner guard > guard-credential' on the appliance, and say --credential guard-credential.");
        }

        var text = File.ReadAllText(file).Trim();
        return text.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && !text.Contains('\n', StringComparison.Ordinal)
            ? new EstCredential(text[..colon], text[(colon + 1)..])
            : throw new CommandException(ExitCodes.Usage, $"{file} does not hold one line name:secret.", "Put there what 'agentpki credential new' printed.");
    }
}
