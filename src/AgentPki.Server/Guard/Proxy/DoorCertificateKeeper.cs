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

/// <summary>
/// Enrols the guard over EST (RFC 7030) and renews its certificate, with a new key each time, when two thirds of its life are over; with the credential again when it ended before the appliance was there.
/// While key and certificate are replaced, the key before is kept beside (<c>KEY.old</c>): a crash between the two loses neither.
/// </summary>
internal sealed class DoorCertificateKeeper(DoorIdentity identity, DoorEnrolment enrolment, GuardOptions options, TimeProvider clock, ILogger logger)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);
    private readonly string _oldKeyFile = identity.KeyFile + ".old";
    private volatile string? _problem;

    /// <summary>Why it could not be renewed at the last look, as a clause; null: it could, or need not be.</summary>
    public string? Problem => _problem;

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
                var (kept, now) = (Kept(), clock.GetUtcNow());
                if (kept is null || now - kept.NotBefore > (kept.NotAfter - kept.NotBefore) * 2 / 3)
                {
                    // With one that ended nobody is let in: the credential is, if it is good for that.
                    await EnrollAsync(kept?.IsValidAt(now) == true ? kept : null, cancellationToken);
                }

                _problem = null;
            }
#pragma warning disable CA1031 // The appliance away, a full disk, whatever it is: it may be over at the next look, which must come.
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                _problem = error.Message.TrimEnd('.');
                Log.CertificateFailed(logger, _problem);
            }
        }
    }

    // Null: there is none whose key is here.
    private Certificate? Kept()
    {
        if (Pem.TryReadCertificates(identity.CertificateFile) is not [var certificate, ..])
        {
            return null;
        }

        if (!Fits(identity.KeyFile))
        {
            if (!Fits(_oldKeyFile))
            {
                return null;
            }

            File.Move(_oldKeyFile, identity.KeyFile, overwrite: true);
        }

        return certificate;
    }

    private bool Fits(string keyFile)
    {
        try
        {
            using var pair = File.Exists(keyFile) ? X509Certificate2.CreateFromPemFile(identity.CertificateFile, keyFile) : null;
            return pair is not null;
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

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
            if (File.Exists(identity.KeyFile))
            {
                PrivateFile.Write(_oldKeyFile, await File.ReadAllTextAsync(identity.KeyFile, CancellationToken.None)); // what was issued is kept, whoever has gone
            }

            PrivateFile.Write(identity.KeyFile, Pem.EncodeKey(pkcs8));
            PrivateFile.Write(identity.CertificateFile, Pem.Encode([issued.Certificate, .. chain]));
            File.Delete(_oldKeyFile);
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
            throw new CommandException(ExitCodes.Usage, "The guard has no valid certificate and no credential to get one.", "Type 'agentpki credential new --owner guard > guard-credential' on the appliance, and say --credential guard-credential.");
        }

        var text = File.ReadAllText(file).Trim();
        return text.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && !text.Contains('\n', StringComparison.Ordinal)
            ? new EstCredential(text[..colon], text[(colon + 1)..])
            : throw new CommandException(ExitCodes.Usage, $"{file} does not hold one line name:secret.", "Put there what 'agentpki credential new' printed.");
    }
}
