using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Administration;

/// <summary>An administrator's certificate and key, from one PEM file: his certificate first, its chain, and the key, encrypted (PKCS#8) or not.</summary>
public sealed class AdminIdentity : IDisposable
{
    /// <summary>Names the file; <c>--as</c> goes before it.</summary>
    public const string Variable = "AGENTPKI_ADMIN";

    private readonly X509Certificate2 _certificate;
    private readonly X509Certificate2Collection _chain;

    private AdminIdentity(X509Certificate2 certificate, X509Certificate2Collection chain) => (_certificate, _chain) = (certificate, chain);

    /// <summary>As whom the command was told to come; null: by the socket alone.</summary>
    /// <exception cref="CommandException">The file cannot be used.</exception>
    internal static AdminIdentity? Of(CommandContext context)
    {
        if (context.Variable(Variable) is not { Length: > 0 } named)
        {
            return null;
        }

        var file = Path.GetFullPath(named, context.WorkingFolder);
        try
        {
            var pem = File.ReadAllText(file);
            var all = new X509Certificate2Collection();
            all.ImportFromPem(pem);
            if (all.Count == 0)
            {
                throw Explain(file, "it has no certificate", null);
            }

            var certificate = pem.Contains("BEGIN ENCRYPTED PRIVATE KEY", StringComparison.Ordinal)
                ? X509Certificate2.CreateFromEncryptedPem(pem, pem, Passphrase.Ask(context.Terminal, $"Passphrase of {named}"))
                : X509Certificate2.CreateFromPem(pem, pem);
            all.RemoveAt(0);
            return new AdminIdentity(certificate, all);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw Explain(file, error.Message.TrimEnd('.'), error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.Usage, $"The administrator's certificate {file} cannot be read: {error.Message}", $"Name the file with --as FILE or {Variable}=FILE.", error);
        }
    }

    /// <summary>TLS over a connection to the admin socket, with this certificate.</summary>
    /// <remarks>The socket lies in the home, which only its user may enter: it is the appliance's by that, and its certificate needs no checking.</remarks>
    internal async Task<Stream> SecureAsync(Stream plain, CancellationToken cancellationToken)
    {
        var tls = new SslStream(plain, leaveInnerStreamOpen: false);
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    ClientCertificateContext = SslStreamCertificateContext.Create(_certificate, _chain, offline: true),
#pragma warning disable CA5359 // See the remarks above.
                    RemoteCertificateValidationCallback = static (_, _, _, _) => true,
#pragma warning restore CA5359
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                },
                cancellationToken);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    public void Dispose()
    {
        _certificate.Dispose();
        foreach (var certificate in _chain)
        {
            certificate.Dispose();
        }
    }

    private static CommandException Explain(string file, string why, Exception? cause) =>
        new(ExitCodes.Usage, $"The administrator's certificate {file} cannot be used: {why}.", "It must hold the certificate, its chain and its key in PEM ('cat alice.crt alice.key > alice.pem'); a wrong passphrase looks the same.", cause);
}
