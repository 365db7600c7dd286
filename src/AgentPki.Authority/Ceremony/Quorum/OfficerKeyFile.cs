using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Text;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers;

namespace AgentPki.Authority.Ceremony.Quorum;

/// <summary>
/// An officer's keys in a file under a passphrase: two PEM blocks <c>ENCRYPTED PRIVATE KEY</c> (RFC 5958 with PBES2: PBKDF2-HMAC-SHA-256, AES-256-CBC), the
/// signing key first and then the receiving key. OpenSSL reads both.
/// </summary>
public static class OfficerKeyFile
{
    /// <summary>Characters of the shortest passphrase.</summary>
    public const int ShortestPassphrase = 12;

    private const int Iterations = 600_000; // OWASP's number for PBKDF2-HMAC-SHA-256: 0.2 s for whoever guesses
    private const string Label = "ENCRYPTED PRIVATE KEY";

    /// <summary>Makes an officer's keys.</summary>
    /// <param name="algorithm">Of the signing key. ML-DSA officers receive with ML-KEM-768, others with a P-384 key.</param>
    /// <param name="passphrase">UTF-8; the caller zeroizes it.</param>
    /// <returns>The key file's text, and the officer as others are to know him.</returns>
    /// <exception cref="ArgumentException">Name or passphrase; the message says what would be right.</exception>
    /// <exception cref="NotSupportedException">No software provider here makes such keys.</exception>
    public static ValueTask<(string File, Officer Officer)> CreateAsync(
        string name, string fullName, KeyAlgorithm algorithm, ReadOnlyMemory<byte> passphrase, CryptoProviders software, CancellationToken cancellationToken) =>
        CreateAsync(name, fullName, algorithm, passphrase, Iterations, software, cancellationToken);

    /// <summary>As above, with another number of iterations: the file says how many.</summary>
    internal static async ValueTask<(string File, Officer Officer)> CreateAsync(
        string name, string fullName, KeyAlgorithm algorithm, ReadOnlyMemory<byte> passphrase, int iterations, CryptoProviders software, CancellationToken cancellationToken)
    {
        if (WhyNot(passphrase.Span) is { } wrong)
        {
            throw new ArgumentException(wrong, nameof(passphrase));
        }

        var maker = software.For(algorithm, KeyCapabilities.Generate | KeyCapabilities.Sign) ?? throw new NotSupportedException($"No software provider here makes {algorithm} keys.");
        await using var key = await maker.GenerateAsync(new KeySpec($"officer-{name}", algorithm, KeyPurpose.Subject), cancellationToken);
        var signing = key as SoftwareSigningKey ?? throw new NotSupportedException($"No software provider here makes {algorithm} keys.");
        await using var receiving = await ReceivingKey.CreateAsync(algorithm.IsQuantumSafe, software, cancellationToken);
        var officer = await Officer.CreateAsync(name, fullName, signing, receiving.PublicKey, cancellationToken);
        var text = new StringBuilder()
            .Append("The keys of officer ").Append(name).Append(", under a passphrase: the signing key and the receiving key. Nobody else is to have this file.\n")
            .Append(Encrypt(signing.ExportPkcs8(), passphrase.Span, iterations)).Append('\n')
            .Append(Encrypt(receiving.ExportPkcs8(), passphrase.Span, iterations)).Append('\n');
        return (text.ToString(), officer);
    }

    /// <summary>Opens an officer's key file.</summary>
    /// <param name="officer">As the roster has him.</param>
    /// <returns>False with the reason: another file, a wrong passphrase, another officer's keys.</returns>
    public static bool TryOpen(string file, Officer officer, ReadOnlySpan<byte> passphrase, [NotNullWhen(true)] out OfficerKey? key, [NotNullWhen(false)] out string? problem)
    {
        (key, problem) = (null, null);
        var blocks = new List<byte[]>();
        foreach (var block in PemBlocks.Read(file, Label))
        {
            if (Decrypt(block, passphrase) is not { } plain)
            {
                problem = "the passphrase does not open the file";
                break;
            }

            blocks.Add(plain);
        }

        try
        {
            if (problem is null && blocks.Count != 2)
            {
                problem = "it is not an officer's key file: it has not two encrypted private keys";
            }

            return problem is null && TryImport(blocks[0], blocks[1], officer, out key, out problem);
        }
        finally
        {
            blocks.ForEach(b => CryptographicOperations.ZeroMemory(b));
            problem ??= key is null ? "it is not an officer's key file" : null;
        }
    }

    private static bool TryImport(byte[] signingPkcs8, byte[] receivingPkcs8, Officer officer, [NotNullWhen(true)] out OfficerKey? key, [NotNullWhen(false)] out string? problem)
    {
        key = null;
        try
        {
            var signing = SoftwareKeys.ImportSigningKey($"officer-{officer.Name}", KeyPurpose.OfficerStatement, signingPkcs8);
            var receiving = ReceivingKey.Import(receivingPkcs8);
            if (!signing.PublicKey.Equals(officer.SigningKey) || !receiving.PublicKey.Equals(officer.ReceivingKey))
            {
                problem = $"these are not the keys of {officer.Name} as the roster has them";
                return false;
            }

            problem = null;
            key = new OfficerKey(officer, signing, receiving.OpenAsync, receiving.DisposeAsync);
            return true;
        }
        catch (CryptographicException e)
        {
            problem = $"its keys cannot be read: {e.Message}";
            return false;
        }
    }

    private static string? WhyNot(ReadOnlySpan<byte> passphrase)
    {
        try
        {
            return Encoding.UTF8.GetCharCount(passphrase) >= ShortestPassphrase ? null : $"a passphrase has at least {ShortestPassphrase} characters";
        }
        catch (ArgumentException)
        {
            return "the passphrase is not UTF-8";
        }
    }

    private static string Encrypt(byte[] pkcs8, ReadOnlySpan<byte> passphrase, int iterations)
    {
        try
        {
            return PemEncoding.WriteString(Label, Pkcs8PrivateKeyInfo.Decode(pkcs8, out _, skipCopy: true).Encrypt(passphrase, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, iterations)));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    private static byte[]? Decrypt(byte[] encrypted, ReadOnlySpan<byte> passphrase)
    {
        try
        {
            var plain = Pkcs8PrivateKeyInfo.DecryptAndDecode(passphrase, encrypted, out var read);
            return read == encrypted.Length ? plain.Encode() : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
