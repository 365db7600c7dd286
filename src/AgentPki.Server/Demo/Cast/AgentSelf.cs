using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Est;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Home;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Server.Demo.Cast;

/// <summary>A certificate and its key, as they lie in a folder: <c>agent.pem</c>, <c>agent.key</c>.</summary>
internal sealed class AgentSelf : IAsyncDisposable
{
    private AgentSelf(Certificate certificate, SoftwareSigningKey key, X509Certificate2 tls) => (Certificate, Key, Tls) = (certificate, key, tls);

    internal Certificate Certificate { get; }

    internal SoftwareSigningKey Key { get; }

    /// <summary>Both, for TLS.</summary>
    internal X509Certificate2 Tls { get; }

    internal SpiffeId Id => Certificate.SpiffeId ?? throw new InvalidOperationException("The certificate names no agent.");

    internal static string CertificateFile(string folder) => Path.Combine(folder, "agent.pem");

    internal static string KeyFile(string folder) => Path.Combine(folder, "agent.key");

    /// <summary>Enrols over EST with a one-time secret (RFC 7030 §4.2.1), and keeps what it gets.</summary>
    /// <param name="credential"><c>name:secret</c>.</param>
    /// <exception cref="CommandException">It was refused.</exception>
    internal static async Task<AgentSelf> EnrolAsync(string folder, Uri server, IReadOnlyList<Certificate> anchors, SpiffeId id, string credential, TimeProvider clock, CancellationToken cancellationToken)
    {
        var colon = credential.IndexOf(':', StringComparison.Ordinal);
        using var client = new EstClient(new EstClientOptions(server, anchors, Credential: new EstCredential(credential[..colon], credential[(colon + 1)..])), clock);
        var enrolled = await new EstEnroller(client, ProviderList.SoftwareOnly, KeyAlgorithm.EcdsaP256)
            .EnrollAsync(X500Name.Create((Oids.CommonName, id.Path.Split('/')[^1])), [new GeneralName.Uri(id.ToString())], null, cancellationToken);
        await using var key = enrolled.Key;
        if (enrolled.Outcome is not EstEnrollment.Issued { Certificate: var certificate } || key is not SoftwareSigningKey signing)
        {
            throw new CommandException(ExitCodes.Refused, $"{id} was not enrolled: {(enrolled.Outcome as EstEnrollment.Refused)?.Detail.Trim() ?? "it waits for a person"}", "The appliance's log says more.");
        }

        PrivateFile.Write(KeyFile(folder), Pem.EncodeKey(signing.ExportPkcs8()));
        PrivateFile.Write(CertificateFile(folder), Pem.Encode(certificate));
        return Load(folder);
    }

    /// <exception cref="CommandException">There is no identity in the folder.</exception>
    internal static AgentSelf Load(string folder)
    {
        if (Pem.TryReadCertificates(CertificateFile(folder)) is not [var certificate, ..] || Pem.TryReadKey(KeyFile(folder)) is not { } pkcs8)
        {
            throw new CommandException(ExitCodes.Usage, $"There is no agent in {folder}.", "It is enrolled first, or made by its parent.");
        }

        try
        {
            return new AgentSelf(certificate, SoftwareKeys.ImportSigningKey("agent", KeyPurpose.Subject, pkcs8), X509Certificate2.CreateFromPemFile(CertificateFile(folder), KeyFile(folder)));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Tls.Dispose();
        await Key.DisposeAsync();
    }
}
