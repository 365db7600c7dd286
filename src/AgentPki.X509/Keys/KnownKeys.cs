using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Cryptography;

namespace AgentPki.X509.Keys;

/// <summary>
/// Public keys whose private half is known to the public: examples in standards and manuals, and, where the operator supplies the list, the keys that Debian's
/// broken OpenSSL made (CVE-2008-0166). Immutable.
/// </summary>
/// <remarks>
/// Entries are of two forms, one a line, lines that start with <c>#</c> apart: 64 hex digits, the SHA-256 of the SubjectPublicKeyInfo; or 20 hex digits, the last 80 bits
/// of the SHA-1 over <c>Modulus=HEX</c> and a line feed, which is the form of the <c>blacklist.RSA-*</c> files of Debian's former package openssl-blacklist.
/// </remarks>
public sealed class KnownKeys
{
    private const int DebianDigits = 20;

    private readonly FrozenSet<string> _subjectPublicKeys;
    private readonly FrozenSet<string> _moduli;

    private KnownKeys(IEnumerable<string> subjectPublicKeys, IEnumerable<string> moduli) =>
        (_subjectPublicKeys, _moduli) = (subjectPublicKeys.ToFrozenSet(StringComparer.Ordinal), moduli.ToFrozenSet(StringComparer.Ordinal));

    /// <summary>What comes with this build: see <c>Keys/known-keys.txt</c> for what each entry is.</summary>
    public static KnownKeys BuiltIn { get; } = ReadBuiltIn();

    public int Count => _subjectPublicKeys.Count + _moduli.Count;

    /// <summary>Reads a list and adds it to the built-in one.</summary>
    /// <exception cref="FormatException">A line is of neither form; the message says which.</exception>
    public static KnownKeys Read(TextReader list) => Read(list, BuiltIn);

    public bool Contains(PublicKey key) =>
        _subjectPublicKeys.Contains(Convert.ToHexStringLower(key.Fingerprint()))
        || (_moduli.Count > 0 && key.TryGetRsaParameters(out var modulus, out _) && _moduli.Contains(DebianFingerprint(modulus.Span)));

    /// <summary>The form of openssl-blacklist: the last 20 digits of <c>openssl rsa -modulus | sha1sum</c>.</summary>
    internal static string DebianFingerprint(ReadOnlySpan<byte> modulus) =>
        Convert.ToHexStringLower(SHA1.HashData(Encoding.ASCII.GetBytes($"Modulus={Convert.ToHexString(modulus.TrimStart((byte)0))}\n")))[DebianDigits..];

    private static KnownKeys Read(TextReader list, KnownKeys? basis)
    {
        var keys = new HashSet<string>(basis?._subjectPublicKeys ?? [], StringComparer.Ordinal);
        var moduli = new HashSet<string>(basis?._moduli ?? [], StringComparer.Ordinal);
        for (var (number, line) = (1, list.ReadLine()); line is not null; number++, line = list.ReadLine())
        {
            var entry = line.Split('#', 2)[0].Trim().ToLowerInvariant();
            if (entry.Length == 0)
            {
                continue;
            }

            var target = entry.All(char.IsAsciiHexDigitLower) ? entry.Length switch { 64 => keys, DebianDigits => moduli, _ => null } : null;
            (target ?? throw new FormatException($"Line {number} of the list of known keys is neither 64 nor {DebianDigits} hexadecimal digits.")).Add(entry);
        }

        return new KnownKeys(keys, moduli);
    }

    private static KnownKeys ReadBuiltIn()
    {
        using var stream = typeof(KnownKeys).Assembly.GetManifestResourceStream("AgentPki.X509.Keys.known-keys.txt")
            ?? throw new InvalidOperationException("The list of known keys is missing from the build.");
        using var reader = new StreamReader(stream);
        return Read(reader, null);
    }
}
