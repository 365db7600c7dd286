using AgentPki.Cryptography;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Lint;
using AgentPki.X509.Names;
using AgentPki.X509.Tests.CertificateLists;
using AgentPki.X509.Tests.Support;
using Xunit;

namespace AgentPki.X509.Tests.Lint;

public sealed class CertificateListLinterTests
{
    private static readonly CertificateListLintContext Context = new(TestPki.Issuing, TimeSpan.FromDays(1)) { SigningAlgorithm = SignatureAlgorithm.EcdsaSha256 };

    private static readonly Dictionary<string, (byte[] Tbs, CertificateListLintContext Context)[]> Bad = new()
    {
        ["well_formed"] = [(CertificateListTests.Tbs().Encode(CertificateListTests.Entries)[..^1], Context)],
        ["crl_version_v2"] = [(Raw([], entries: null), Context)],
        ["crl_signature_algorithm"] =
        [
            Tbs(t => t with { Signature = SignatureAlgorithm.EcdsaSha384 }),
            (CertificateListTests.Tbs().Encode([]), Context with { SigningAlgorithm = SignatureAlgorithm.EcdsaSha512 }),
            (CertificateListTests.Tbs().Encode([]), Context with { Issuer = Cms.SignedDataTests.Signer("rsa-2048").Certificate }),
        ],
        ["crl_issuer"] = [Tbs(t => t with { Issuer = TestPki.RootName })],
        ["crl_issuer_may_sign"] = [(CertificateListTests.Tbs().Encode([]), Context with { Issuer = NoCrlSign() })],
        ["crl_time_encoding"] = [(Raw([0x02, 0x01, 0x01], nextUpdate: [DerTag.GeneralizedTime, 15, .. "20261102000000Z"u8]), Context)],
        ["crl_next_update"] = [Tbs(t => t with { NextUpdate = t.ThisUpdate }), (Raw([0x02, 0x01, 0x01], nextUpdate: []), Context)],
        ["crl_validity_limit"] = [Tbs(t => t with { NextUpdate = t.ThisUpdate.AddDays(2) })],
        ["crl_number"] = [Tbs(t => t with { BaseNumber = 300 }), Extensions(e => e.Oid != Oids.CrlNumber)],
        ["crl_authority_key_identifier"] = [Tbs(t => t with { AuthorityKeyIdentifier = new byte[20] }), Extensions(e => e.Oid != Oids.AuthorityKeyIdentifier)],
        ["crl_extension_criticality"] = [Extensions(_ => true, e => e.Oid == Oids.IssuingDistributionPoint ? e with { Critical = false } : e), Extensions(_ => true, e => e with { Critical = true })],
        ["crl_extensions_unique"] = [Extensions(_ => true, twice: true)],
        ["crl_issuing_distribution_point"] =
        [
            Point(new([], OnlyUserCertificates: true, OnlyAuthorityCertificates: true)), Point(new([], Indirect: true)), Point(new([])), Point(new([], OnlySomeReasons: 2)),
        ],
        ["crl_distribution_point_names"] = [Point(new([new GeneralName.Uri("https://pki.example/a.crl")]))],
        ["crl_freshest"] =
        [
            Tbs(t => t with { FreshestListUrl = "https://pki.example/delta.crl" }), Tbs(t => t with { FreshestListUrl = "http://pki.example/delta.crl", BaseNumber = 299 }),
        ],
        ["crl_expired_certificates"] = [Tbs(t => t with { ExpiredCertificatesSince = t.ThisUpdate.AddSeconds(1) })],
        ["crl_empty_list"] = [(Raw([0x02, 0x01, 0x01], entries: [0x30, 0x00]), Context)],
        ["crl_entry_extensions"] = [(Raw([0x02, 0x01, 0x01], entries: Entry(new X509Extension(Oids.CertificateIssuer, true, new byte[] { 0x30, 0x00 }))), Context)],
        ["crl_alternative_signature_algorithm"] =
        [
            (CatalystPki.ListFinal(CertificateListTests.Tbs(), CatalystPki.IssuingAlternative), Context),
            (CertificateListTests.Tbs().Encode([]), CatalystContext),
            (CatalystPki.ListFinal(CertificateListTests.Tbs(), TestPki.IssuingKey), CatalystContext),
        ],
        ["crl_alternative_signature_value"] =
        [
            (CatalystPki.ListDraft(CertificateListTests.Tbs(), CatalystPki.IssuingAlternative), CatalystContext),
            (CatalystPki.ListFinal(CertificateListTests.Tbs(), CatalystPki.IssuingAlternative), CatalystContext with { IsBeforeAlternativeSignature = true }),
        ],
        ["crl_entries"] =
        [
            Entries(CertificateListTests.Entries[0], CertificateListTests.Entries[0]),
            Entries(CertificateListTests.Entries[2], CertificateListTests.Entries[1], CertificateListTests.Entries[0], CertificateListTests.Entries[1]),
            Entries(CertificateListTests.Entries[0] with { RevocationDate = TestPki.Now.AddSeconds(1) }),
            Entries(CertificateListTests.Entries[0] with { SerialNumber = new byte[] { 0x80 } }),
            Entries(CertificateListTests.Entries[0] with { Reason = CrlReason.RemoveFromCrl }),
            (Raw([0x02, 0x01, 0x01], entries: Entry(new X509Extension(Oids.CrlReason, false, new byte[] { DerTag.Enumerated, 1, 0 }))), Context),
        ],
    };

    private static CertificateListLintContext CatalystContext => Context with { Issuer = CatalystPki.Issuing, AlternativeSigningAlgorithm = SignatureAlgorithm.Ed25519 };

    public static TheoryData<string, int> BadCases => [.. Bad.SelectMany(b => Enumerable.Range(0, b.Value.Length).Select(i => (b.Key, i)))];

    [Fact]
    public void Rules_Each_HasABadCase() =>
        Assert.Equal(CertificateListLinter.Rules.Select(r => r.Name).Order(StringComparer.Ordinal), Bad.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(BadCases))]
    public void Lint_BadCase_FindsThatRule(string rule, int index) =>
        Assert.Contains(rule, CertificateListLinter.Lint(Bad[rule][index].Tbs, Bad[rule][index].Context).Select(f => f.RuleName));

    [Fact]
    public void Lint_GoodLists_FindsNothing()
    {
        Assert.Empty(CertificateListLinter.Lint(CertificateListTests.Tbs().Encode(CertificateListTests.Entries), Context));
        Assert.Empty(CertificateListLinter.Lint(CertificateListTests.Tbs().Encode([]), Context));
        Assert.Empty(CertificateListLinter.Lint((CertificateListTests.Tbs() with { IssuingDistributionPoint = null }).Encode([]), Context));
        Assert.Empty(CertificateListLinter.Lint(CatalystPki.ListFinal(CertificateListTests.Tbs(), CatalystPki.IssuingAlternative), CatalystContext));
        Assert.Empty(CertificateListLinter.Lint(CatalystPki.ListDraft(CertificateListTests.Tbs(), CatalystPki.IssuingAlternative), CatalystContext with { IsBeforeAlternativeSignature = true }));
        var delta = CertificateListTests.Tbs() with { BaseNumber = 299 };
        Assert.Empty(CertificateListLinter.Lint(delta.Encode([CertificateListTests.Entries[0] with { Reason = CrlReason.RemoveFromCrl }]), Context));
        Assert.Empty(CertificateListLinter.Lint((CertificateListTests.Tbs() with { FreshestListUrl = "http://pki.example/delta.crl", ExpiredCertificatesSince = TestPki.Now }).Encode([]), Context));
        // In any order, as long as nothing stands twice.
        Assert.Empty(CertificateListLinter.Lint(CertificateListTests.Tbs().Encode(CertificateListTests.Entries.Reverse()), Context));
        var late = CertificateListTests.Tbs() with { ThisUpdate = new(2051, 1, 1, 0, 0, 0, TimeSpan.Zero), NextUpdate = new(2051, 1, 1, 6, 0, 0, TimeSpan.Zero) };
        Assert.Empty(CertificateListLinter.Lint(late.Encode([]), Context));
    }

    private static AgentPki.X509.Certificates.Certificate NoCrlSign() => TestPki.Issue(
        TestPki.IssuingTbs() with { Extensions = TestPki.IssuingTbs().Extensions.With(X509Extension.KeyUsage(KeyUsages.KeyCertSign)) }, TestPki.RootKey);

    private static (byte[], CertificateListLintContext) Tbs(Func<TbsCertificateList, TbsCertificateList> change) => (change(CertificateListTests.Tbs()).Encode([]), Context);

    private static (byte[], CertificateListLintContext) Entries(params RevokedCertificate[] entries) => (CertificateListTests.Tbs().Encode(entries), Context);

    private static (byte[], CertificateListLintContext) Point(IssuingDistributionPoint point) => Tbs(t => t with { IssuingDistributionPoint = point });

    private static (byte[], CertificateListLintContext) Extensions(Func<X509Extension, bool> keep, Func<X509Extension, X509Extension>? change = null, bool twice = false)
    {
        var all = CertificateListFields.Parse(CertificateListTests.Tbs().Encode([])).Extensions.Where(keep).Select(change ?? (e => e)).ToList();
        return (Raw([0x02, 0x01, 0x01], extensions: twice ? [.. all, all[0]] : all), Context);
    }

    private static byte[] Entry(X509Extension extension) => RawTbs.Write(w =>
    {
        using var list = w.Sequence();
        using var entry = w.Sequence();
        w.Write(DerTag.Integer, TestPki.Serial(5));
        w.WriteTime(TestPki.Now.AddDays(-1));
        X509Extension.WriteAll(w, [extension]);
    });

    private static byte[] Raw(byte[] version, byte[]? nextUpdate = null, byte[]? entries = null, IReadOnlyList<X509Extension>? extensions = null) => RawTbs.Write(w =>
    {
        using var tbs = w.Sequence();
        w.WriteEncoded(version);
        w.WriteEncoded(SignatureAlgorithm.EcdsaSha256.AlgorithmIdentifier.Span);
        w.WriteEncoded(TestPki.IssuingName.Der.Span);
        w.WriteTime(TestPki.Now);
        if (nextUpdate is null)
        {
            w.WriteTime(TestPki.Now.AddHours(12));
        }
        else
        {
            w.WriteEncoded(nextUpdate);
        }

        w.WriteEncoded(entries ?? []);
        using var tagged = w.Constructed(0xA0);
        X509Extension.WriteAll(w, extensions is null ? CertificateListFields.Parse(CertificateListTests.Tbs().Encode([])).Extensions.ToList() : [.. extensions]);
    });
}
