using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Cryptography;

namespace AgentPki.Server.Tls;

/// <summary>What TLS on this machine can: it is the platform's OpenSSL that decides.</summary>
public static class TlsPlatform
{
    /// <summary>Where OpenSSL's post-quantum TLS begins.</summary>
    private const string FirstPostQuantum = "OpenSSL 3.5";

    /// <summary>Whether X25519MLKEM768 is negotiated and ML-DSA certificates are served and accepted.</summary>
    public static bool IsPostQuantum => MLDsa.IsSupported;

    /// <summary>For example <c>OpenSSL 3.0.17</c>.</summary>
    public static string Version { get; } = ReadVersion();

    /// <summary>Whether the appliance can serve with a certificate for such a key.</summary>
    public static bool CanServe(KeyAlgorithm algorithm) => algorithm.Family switch
    {
        AlgorithmFamily.Ecdsa or AlgorithmFamily.Rsa => true,
        AlgorithmFamily.MlDsa => IsPostQuantum,
        AlgorithmFamily.EdDsa or AlgorithmFamily.SlhDsa or AlgorithmFamily.MlKem or AlgorithmFamily.Composite => false,
    };

    /// <summary>Whether the appliance can serve with a certificate that a CA with such a key signed.</summary>
    /// <remarks>OpenSSL's security level refuses a certificate whose signature algorithm it does not know, in a server's chain as in a client's.</remarks>
    public static bool CanChainTo(KeyAlgorithm authority) => authority.Family switch
    {
        AlgorithmFamily.Ecdsa or AlgorithmFamily.Rsa or AlgorithmFamily.EdDsa => true,
#pragma warning disable SYSLIB5006 // Marked experimental in .NET 10; asked what it can, no more.
        AlgorithmFamily.MlDsa => MLDsa.IsSupported,
        AlgorithmFamily.SlhDsa => SlhDsa.IsSupported,
#pragma warning restore SYSLIB5006
        AlgorithmFamily.MlKem or AlgorithmFamily.Composite => false,
    };

    /// <summary>Why it cannot, as a sentence without its full stop; null when it can.</summary>
    public static string? WhyNotChainTo(KeyAlgorithm authority) => CanChainTo(authority) ? null : $"{Version} accepts no TLS certificate signed with {authority}";

    /// <summary>One line for people.</summary>
    public static string Describe() => IsPostQuantum
        ? $"{Version}: groups X25519MLKEM768 and classical ones, signatures ECDSA, RSA and ML-DSA"
        : $"{Version}: classical TLS only; X25519MLKEM768 and ML-DSA certificates want {FirstPostQuantum} or later (Debian 13, or the container image)";

    private static string ReadVersion()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "the system's TLS";
        }

        // OPENSSL_VERSION_NUMBER of 3.x: 0xMNN00PP0.
        var number = SafeEvpPKeyHandle.OpenSslVersion;
        return string.Create(CultureInfo.InvariantCulture, $"OpenSSL {number >> 28}.{(number >> 20) & 0xFF}.{(number >> 4) & 0xFF}");
    }
}
