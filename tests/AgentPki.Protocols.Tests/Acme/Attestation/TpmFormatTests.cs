using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Protocols.Acme.Attestation;
using AgentPki.Protocols.Acme.Attestation.Tpm;
using AgentPki.Protocols.Tests.Harness;

namespace AgentPki.Protocols.Tests.Acme.Attestation;

public sealed class TpmFormatTests : IDisposable
{
    private const string Serial = "TPM-0001";
    private readonly AttestationRoot _root = new("AK Root");
    private readonly SoftTpm _tpm = new();

    [Fact]
    public async Task ValidateAsync_CertifiedKey_ValidForThatKeyAlone()
    {
        var result = await AskAsync(Options());
        Challenge.AssertValid(result);
        var key = Convert.ToHexStringLower(SHA256.HashData(_tpm.Key.ExportSubjectPublicKeyInfo()));
        Assert.Equal(key, Assert.IsType<ValidationResult.Valid>(result).Facts[AcmeFacts.KeySha256]);
    }

    [Fact]
    public async Task ValidateAsync_ForeignAttestationKey_Refused()
    {
        // A certificate of a root that nobody configured.
        using var foreign = new AttestationRoot("AK Root");
        Attested.AssertRefused(await Attested.AskAsync(Options(), "tpm", _tpm.Attest(foreign, Challenge.KeyAuthorization), Serial), "no configured attestation root");

        // The certificate of one AK, the signature of another.
        using var other = new SoftTpm();
        var statement = _tpm.Attest(_root, Challenge.KeyAuthorization);
        statement["x5c"] = new[] { other.IssueAttestationCertificate(_root) };
        Attested.AssertRefused(await Attested.AskAsync(Options(), "tpm", statement, Serial), "sig is not a signature of the AK");
    }

    [Theory]
    [InlineData("nonce", "another challenge")]
    [InlineData("other key", "certifies another key")]
    [InlineData("magic", "TPM_GENERATED_VALUE")]
    [InlineData("quote as certification", "certifies another key")]
    [InlineData("neither", "neither a certification nor a quote")]
    [InlineData("cut", "ends too early")]
    [InlineData("more", "behind its end")]
    [InlineData("version", "TPM 2.0")]
    [InlineData("sha1", "is not taken")]
    [InlineData("alg of another scheme", "not the statement's alg")]
    [InlineData("area cut", "pubArea ends too early")]
    [InlineData("raw signature", "the statement's alg")]
    public async Task ValidateAsync_WrongStatement_Refused(string what, string because)
    {
        var statement = _tpm.Attest(_root, Challenge.KeyAuthorization);
        var (nonce, name) = (Nonce(Challenge.KeyAuthorization), SoftTpm.Name(_tpm.PublicArea(_tpm.Key)));
        void Signed(byte[] attest) => (statement["certInfo"], statement["sig"]) = (attest, _tpm.Sign(attest));
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        switch (what)
        {
            case "nonce": Signed(_tpm.Certify(Nonce(Challenge.KeyAuthorization + "x"), name)); break;
            case "other key": statement["pubArea"] = _tpm.PublicArea(other); break;
            case "magic": Signed(_tpm.Certify(nonce, name, magic: 0xFF544348)); break;
            case "quote as certification": Signed(_tpm.Quote(nonce, 7)); break;
            case "neither": Signed(_tpm.Certify(nonce, name, type: 0x8019)); break;
            case "cut": Signed(_tpm.Certify(nonce, name)[..^1]); break;
            case "more": Signed([.. _tpm.Certify(nonce, name), 0]); break;
            case "version": statement["ver"] = "1.2"; break;
            case "sha1": statement["alg"] = -65535; break;
            case "alg of another scheme": statement["alg"] = -257; break;
            case "area cut": statement["pubArea"] = _tpm.PublicArea(_tpm.Key)[..^1]; break;
            case "raw signature": statement["sig"] = _tpm.AttestationKey.SignData((byte[])statement["certInfo"]!, HashAlgorithmName.SHA256); break;
        }

        Attested.AssertRefused(await Attested.AskAsync(Options(), "tpm", statement, Serial), because);
    }

    [Theory]
    [InlineData(SoftTpm.BoundSigningKey & ~(1u << 1))]
    [InlineData(SoftTpm.BoundSigningKey & ~(1u << 4))]
    [InlineData(SoftTpm.BoundSigningKey & ~(1u << 5))]
    [InlineData(SoftTpm.BoundSigningKey & ~(1u << 18))]
    public async Task ValidateAsync_KeyThatCouldBeElsewhere_Refused(uint attributes)
    {
        _tpm.Attributes = attributes;
        Attested.AssertRefused(await AskAsync(Options()), "never leaves it");
    }

    [Fact]
    public async Task ValidateAsync_CertificateThatIsNoAttestationKeys_Refused()
    {
        _tpm.Purpose = "1.3.6.1.5.5.7.3.2";
        Attested.AssertRefused(await AskAsync(Options()), "2.23.133.8.3");
        (_tpm.Purpose, _tpm.CertificateOfAuthority) = ("2.23.133.8.3", true);
        Attested.AssertRefused(await AskAsync(Options()), "is a CA's");
    }

    [Theory]
    [InlineData("TPM-0001/1.2.3.4", "TPM-0001/1.2.3.4", true)]
    [InlineData("TPM-0001/1.2.3.4", "TPM-0001", false)]
    [InlineData("TPM-0001", "TPM-0001/1.2.3.4", false)]
    [InlineData("TPM-0001", "tpm-0001", false)]
    public async Task ValidateAsync_Assigner_IsPartOfTheName(string certified, string ordered, bool valid)
    {
        _tpm.Serial = certified;
        var result = await AskAsync(Options(), ordered);
        if (valid)
        {
            Challenge.AssertValid(result);
        }
        else
        {
            Attested.AssertRefused(result, ordered);
        }
    }

    [Fact]
    public async Task ValidateAsync_CertificateWithoutName_TheKeyIsTheName()
    {
        _tpm.Serial = null;
        Challenge.AssertValid(await AskAsync(Options(), $"ak-{Convert.ToHexStringLower(SHA256.HashData(_tpm.AttestationKey.ExportSubjectPublicKeyInfo()))}"));
    }

    [Fact]
    public async Task ValidateAsync_PcrsAsConfigured_Valid()
    {
        _tpm.Extend(7, "secure boot on");
        Assert.Contains("sha256:0, sha256:7", Challenge.AssertValid(await AskAsync(Pcrs((0, new byte[32]), (7, _tpm.Pcr(7))), Serial, 0, 7)));
        // More than was asked for may be shown.
        Challenge.AssertValid(await AskAsync(Pcrs((7, _tpm.Pcr(7))), Serial, 0, 7, 14));
    }

    [Fact]
    public async Task ValidateAsync_WrongPcr_RefusedAndShown()
    {
        var options = Pcrs((7, _tpm.Pcr(7)));
        _tpm.Extend(7, "secure boot off");
        Attested.AssertRefused(await AskAsync(options, Serial, 7), "PCR 7 of sha256", Convert.ToHexStringLower(_tpm.Pcr(7)));
    }

    [Theory]
    [InlineData("no quote", "add a TPM2_Quote over sha256:7")]
    [InlineData("left out", "leaves out PCR 7")]
    [InlineData("values of a lie", "not the 1 values that were quoted")]
    [InlineData("too many values", "not the 1 values that were quoted")]
    [InlineData("too few values", "not the 1 values that were quoted")]
    [InlineData("bank of SHA-1", "PCR 7 of the bank 0x0004")]
    [InlineData("old quote", "another challenge")]
    [InlineData("quote of another AK", "quoteSig is not a signature of the AK")]
    [InlineData("another boot", "different starts")]
    [InlineData("certification as quote", "is a certification")]
    public async Task ValidateAsync_WrongQuote_Refused(string what, string because)
    {
        var options = Pcrs((7, new byte[32]));
        var statement = _tpm.Attest(_root, Challenge.KeyAuthorization, 7);
        var nonce = Nonce(Challenge.KeyAuthorization);
        void Quoted(byte[] quote, ECDsa? key = null) => (statement["quote"], statement["quoteSig"]) = (quote, _tpm.Sign(quote, key));
        switch (what)
        {
            case "no quote": statement.Remove("quote"); break;
            case "left out": Quoted(_tpm.Quote(nonce, 8)); break;
            case "values of a lie":
                _tpm.Extend(7, "malware");
                Quoted(_tpm.Quote(nonce, 7));
                break;
            case "too many values": statement["pcrs"] = new[] { new byte[32], [] }; break;
            case "too few values": statement["pcrs"] = Array.Empty<byte[]>(); break;
            case "bank of SHA-1":
                Quoted(_tpm.Quote(nonce, 0x0004, SHA256.HashData(new byte[20]), 7));
                statement["pcrs"] = new[] { new byte[20] };
                break;
            case "old quote": Quoted(_tpm.Quote(Nonce("old"), 7)); break;
            case "quote of another AK": Quoted(_tpm.Quote(nonce, 7), _tpm.Key); break;
            case "another boot":
                _tpm.Restarts++;
                Quoted(_tpm.Quote(nonce, 7));
                break;
            case "certification as quote": Quoted((byte[])statement["certInfo"]!); break;
        }

        Attested.AssertRefused(await Attested.AskAsync(options, "tpm", statement, Serial), because);
    }

    [Fact]
    public async Task ValidateAsync_ValuesShiftedFromOnePcrToAnother_Refused()
    {
        // PCR 16 can be reset and extended by anyone: what it holds must not pass for PCR 7. The digest is over the same octets.
        _tpm.Extend(7, "malware");
        var statement = _tpm.Attest(_root, Challenge.KeyAuthorization, 6, 7, 16);
        Attested.AssertRefused(await Attested.AskAsync(Pcrs((7, _tpm.Pcr(16))), "tpm", statement, Serial), "PCR 7 of sha256 holds");
        byte[][] shifted = [[.. _tpm.Pcr(6), .. _tpm.Pcr(7)], _tpm.Pcr(16), []];
        statement["pcrs"] = shifted;
        Attested.AssertRefused(await Attested.AskAsync(Pcrs((7, _tpm.Pcr(16))), "tpm", statement, Serial), "64 octets for PCR 6");
    }

    [Theory]
    [InlineData("sha1", 7, "00", "no bank")]
    [InlineData("sha256", 24, "00", "no PCR 24")]
    [InlineData("sha256", 7, "00", "no sha256 value")]
    [InlineData("sha256", 7, null, "no value")]
    public void Validate_WrongPcrRule_SaysWhy(string bank, int index, string? value, string because)
    {
        var options = new DeviceAttestationOptions { Tpm = new TpmOptions { Pcrs = [new PcrRule(bank, index, value is null ? [] : [value])] } };
        Assert.Contains(because, Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _root.Dispose();
        _tpm.Dispose();
    }

    private static byte[] Nonce(string keyAuthorization) => SHA256.HashData(Encoding.UTF8.GetBytes(keyAuthorization));

    private DeviceAttestationOptions Options(params PcrRule[] pcrs) => new() { Tpm = new TpmOptions { Trust = new AttestationTrust { Roots = [_root.Certificate] }, Pcrs = pcrs } };

    private DeviceAttestationOptions Pcrs(params (int Index, byte[] Value)[] pcrs) => Options([.. pcrs.Select(p => new PcrRule("sha256", p.Index, [Convert.ToHexString(p.Value)]))]);

    private Task<ValidationResult> AskAsync(DeviceAttestationOptions options, string value = Serial, params int[] pcrs) =>
        Attested.AskAsync(options, "tpm", _tpm.Attest(_root, Challenge.KeyAuthorization, pcrs), value);
}
