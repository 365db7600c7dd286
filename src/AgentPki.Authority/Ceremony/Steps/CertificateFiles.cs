using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.X509;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>Objects out of files that people carry: DER, or one PEM block.</summary>
internal static class CertificateFiles
{
    /// <exception cref="CeremonyException">Several blocks, or none of those labels.</exception>
    public static byte[] Octets(byte[] file, params ReadOnlySpan<string> labels)
    {
        if (file.Length > 0 && file[0] == 0x30)
        {
            return file;
        }

        var text = Encoding.UTF8.GetString(file);
        foreach (var label in labels)
        {
            if (PemBlocks.Read(text, label).ToList() is [var only])
            {
                return only;
            }
        }

        throw new CeremonyException($"The file holds neither DER nor exactly one PEM block '{labels[0]}'.");
    }

    /// <exception cref="CeremonyException">No certificate.</exception>
    public static Certificate Parse(byte[] file, string what)
    {
        try
        {
            return Certificate.Parse(Octets(file, "CERTIFICATE"));
        }
        catch (Exception e) when (e is MalformedDataException or CryptographicException)
        {
            throw new CeremonyException($"The file of '{what}' is no certificate: {e.Message}", e);
        }
    }
}
