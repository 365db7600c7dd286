using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using AgentPki.Cryptography;
using Net.Pkcs11Interop.LowLevelAPI80;
using Net.Pkcs11Interop.LowLevelAPI80.MechanismParams;

namespace AgentPki.Pkcs11.Mechanisms;

/// <summary>What C_Sign is given.</summary>
internal enum SignInput
{
    /// <summary>The message: the token hashes, or the algorithm has no hash.</summary>
    Message,

    /// <summary>The message's digest: the appliance hashes.</summary>
    Digest,

    /// <summary>The digest inside its DER DigestInfo, for RSA PKCS #1 v1.5 (RFC 8017 §9.2).</summary>
    DigestInfo,
}

/// <summary>What C_Sign gives back.</summary>
internal enum SignOutput
{
    /// <summary>The signature as X.509 wants it.</summary>
    Plain,

    /// <summary>r‖s of fixed width (PKCS#11 v2.40 §2.3.1); X.509 wants Ecdsa-Sig-Value.</summary>
    Concatenated,
}

/// <summary>How one token makes one kind of signature: pure data from <c>token.yaml</c>.</summary>
internal sealed class MechanismUse
{
    private readonly ConcurrentDictionary<SignatureAlgorithm, Lazy<MechanismUse>> _inContext = new();

    private MechanismUse()
    {
    }

    public required SignatureAlgorithm Algorithm { get; init; }

    public required ulong Mechanism { get; init; }

    public required SignInput Input { get; init; }

    public required SignOutput Output { get; init; }

    /// <summary>The longest input of one C_Sign; 0 where the token sets no limit. Longer ones go through C_SignUpdate, where <see cref="MultiPart"/> allows.</summary>
    public required int MaxInput { get; init; }

    /// <summary>Whether the mechanism takes its input in pieces; pure ML-DSA, SLH-DSA and EdDSA take it whole (PKCS#11 v3.2 §6.67.5, §6.69.5).</summary>
    public required bool MultiPart { get; init; }

    /// <summary>Whether signatures are hedged; null where the token is told nothing.</summary>
    public required HedgeVariant? Hedge { get; init; }

    /// <summary>The mechanism and its constant parameter, which lives in native memory as long as the process.</summary>
    public required CK_MECHANISM Native { get; init; }

    public string Name => CryptokiNames.Mechanism(Mechanism);

    /// <param name="pss">Hash, MGF and salt length, where the mechanism takes CK_RSA_PKCS_PSS_PARAMS.</param>
    /// <param name="hedge">The hedge variant, where the mechanism takes CK_SIGN_ADDITIONAL_CONTEXT.</param>
    /// <param name="parameter">Any other constant parameter, as octets.</param>
    public static MechanismUse Create(
        SignatureAlgorithm algorithm,
        ulong mechanism,
        SignInput input,
        SignOutput output,
        (int MaxInput, bool MultiPart) limits,
        (ulong Hash, ulong Mgf, ulong Salt)? pss,
        HedgeVariant? hedge,
        byte[]? parameter) => new()
        {
            Algorithm = algorithm,
            Mechanism = mechanism,
            Input = input,
            Output = output,
            MaxInput = limits.MaxInput,
            MultiPart = limits.MultiPart,
            Hedge = hedge,
            Native = pss is { } p ? WithPss(mechanism, p) : hedge is { } h ? SignAdditionalContext.With(mechanism, h, []) : WithOctets(mechanism, parameter),
        };

    /// <summary>Whether its mechanism takes CK_SIGN_ADDITIONAL_CONTEXT.</summary>
    public static bool IsHedged(SignatureAlgorithm algorithm) => algorithm.Family is AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa;

    /// <summary>This, with the context string of <paramref name="algorithm"/> where it has one: the ML-DSA half of a composite. There are as many as composites.</summary>
    public MechanismUse For(SignatureAlgorithm algorithm) =>
        algorithm.Context.IsEmpty ? this : _inContext.GetOrAdd(algorithm, a => new Lazy<MechanismUse>(() => InContext(a))).Value;

    /// <summary>Turns a message into what C_Sign is given. Hashing here happens on the caller's thread, beside the token's work.</summary>
    /// <exception cref="NotSupportedException">The message is longer than the token takes, and can be given neither as a digest nor in pieces.</exception>
    public byte[] Prepare(ReadOnlySpan<byte> message)
    {
        if (Input == SignInput.Message)
        {
            return MaxInput == 0 || MultiPart || message.Length <= MaxInput ? message.ToArray() : throw TooLong(message.Length);
        }

        var prefix = Input == SignInput.DigestInfo ? DigestInfoPrefix : [];
        var size = DigestSize;
        var input = new byte[prefix.Length + size];
        prefix.CopyTo(input);
        Hash(message, input.AsSpan(prefix.Length));
        return input;
    }

    /// <summary>The length of what C_Sign gives back with a key of that kind.</summary>
    public static int RawSignatureSize(KeyAlgorithm key) => key.Family switch
    {
        AlgorithmFamily.Ecdsa => 2 * ((key.SizeBits + 7) / 8),
        AlgorithmFamily.Rsa => key.SizeBits / 8,
        AlgorithmFamily.EdDsa or AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa => key.SignatureSize,
        AlgorithmFamily.MlKem or AlgorithmFamily.Composite => throw new InvalidOperationException($"No token signs with a key of kind {key}."),
    };

    /// <summary>Turns what C_Sign gave back into an X.509 signatureValue.</summary>
    public byte[] Finish(byte[] buffer, int length) =>
        Output == SignOutput.Concatenated ? EcdsaSignatureValue.FromConcatenation(buffer.AsSpan(0, length))
        : length == buffer.Length ? buffer
        : buffer[..length];

    private NotSupportedException TooLong(int length) => new(
        $"The token takes at most {MaxInput} octets for one {Algorithm} signature (maxInput: in token.yaml), and this message has {length}. {Algorithm} signs the whole message in one call, " +
        "so that hashing it beside the token is impossible; sign it with a key in another token or of another algorithm.");

    private MechanismUse InContext(SignatureAlgorithm algorithm) => new()
    {
        Algorithm = Algorithm,
        Mechanism = Mechanism,
        Input = Input,
        Output = Output,
        MaxInput = MaxInput,
        MultiPart = MultiPart,
        Hedge = Hedge,
        Native = SignAdditionalContext.With(Mechanism, Hedge ?? HedgeVariant.Preferred, algorithm.Context.Span),
    };

    private int DigestSize => Algorithm.Hash switch
    {
        HashFunction.Sha256 => 32,
        HashFunction.Sha384 => 48,
        HashFunction.Sha512 => 64,
        HashFunction.None => throw new InvalidOperationException($"{Algorithm} has no digest."),
    };

    private void Hash(ReadOnlySpan<byte> message, Span<byte> digest) => _ = Algorithm.Hash switch
    {
        HashFunction.Sha256 => SHA256.HashData(message, digest),
        HashFunction.Sha384 => SHA384.HashData(message, digest),
        HashFunction.Sha512 => SHA512.HashData(message, digest),
        HashFunction.None => throw new InvalidOperationException($"{Algorithm} has no digest."),
    };

    // RFC 8017 §9.2 note 1.
    private ReadOnlySpan<byte> DigestInfoPrefix => Algorithm.Hash switch
    {
        HashFunction.Sha256 => [0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20],
        HashFunction.Sha384 => [0x30, 0x41, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30],
        HashFunction.Sha512 => [0x30, 0x51, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40],
        HashFunction.None => [],
    };

    private static CK_MECHANISM WithPss(ulong mechanism, (ulong Hash, ulong Mgf, ulong Salt) pss)
    {
        var size = Marshal.SizeOf<CK_RSA_PKCS_PSS_PARAMS>();
        var memory = Marshal.AllocHGlobal(size);
        Marshal.StructureToPtr(new CK_RSA_PKCS_PSS_PARAMS { HashAlg = pss.Hash, Mgf = pss.Mgf, Len = pss.Salt }, memory, fDeleteOld: false);
        return new CK_MECHANISM { Mechanism = mechanism, Parameter = memory, ParameterLen = (ulong)size };
    }

    private static CK_MECHANISM WithOctets(ulong mechanism, byte[]? parameter)
    {
        if (parameter is null or { Length: 0 })
        {
            return new CK_MECHANISM { Mechanism = mechanism, Parameter = IntPtr.Zero, ParameterLen = 0 };
        }

        var memory = Marshal.AllocHGlobal(parameter.Length);
        Marshal.Copy(parameter, 0, memory, parameter.Length);
        return new CK_MECHANISM { Mechanism = mechanism, Parameter = memory, ParameterLen = (ulong)parameter.Length };
    }
}
