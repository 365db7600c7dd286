using AgentPki.Cryptography;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Lint;
using AgentPki.X509.Ocsp;
using AgentPki.X509.Tests.Ocsp;
using AgentPki.X509.Tests.Support;
using Xunit;

namespace AgentPki.X509.Tests.Lint;

public sealed class OcspResponseLinterTests
{
    private static readonly OcspLintContext Context = new(OcspTests.Responder, TestPki.Issuing, TimeSpan.FromHours(2)) { SigningAlgorithm = SignatureAlgorithm.EcdsaSha256 };

    private static readonly Dictionary<string, (byte[] Data, OcspLintContext Context)[]> Bad = new()
    {
        ["well_formed"] = [(Good()[..^1], Context)],
        ["ocsp_signature_algorithm"] = [(Good(), Context with { SigningAlgorithm = SignatureAlgorithm.Ed25519 })],
        ["ocsp_responder_id"] = [Change(d => d with { Responder = new ResponderId.ByName(TestPki.RootName) }), Change(d => d with { Responder = ResponderId.For(TestPki.RootKey.PublicKey) })],
        ["ocsp_responder_may_answer"] = [(Good(), Context with { Responder = TestPki.Agent }), (Good(), Context with { Responder = TestPki.Root })],
        ["ocsp_responses_present"] = [Change(d => d with { Responses = [] }), Change(d => d with { Responses = [d.Responses[0], d.Responses[0]] })],
        ["ocsp_certificate_issuer"] = [Single(s => s with { Certificate = CertId.Create(TestPki.Root, TestPki.Issuing.SerialNumber) })],
        ["ocsp_times"] = [Single(s => s with { NextUpdate = null }), Single(s => s with { NextUpdate = s.ThisUpdate }), Single(s => s with { ThisUpdate = s.ThisUpdate.AddSeconds(1) })],
        ["ocsp_validity_limit"] = [Single(s => s with { NextUpdate = s.ThisUpdate.AddHours(3) })],
        ["ocsp_responder_validity"] = [Change(d => d with { ProducedAt = OcspTests.Responder.NotAfter.AddSeconds(1) })],
        ["ocsp_reason"] =
        [
            Single(s => s with { Status = new OcspCertificateStatus.Revoked(TestPki.Now, CrlReason.RemoveFromCrl) }), Single(s => s with { Status = new OcspCertificateStatus.Revoked(TestPki.Now.AddSeconds(1)) }),
        ],
        ["ocsp_nonce"] = [Change(d => d with { Nonce = new byte[32] }), (Encode(d => d with { Nonce = new byte[129] }), Context with { RequestNonce = new byte[129] })],
        ["ocsp_extensions"] = [(WithExtensions(new X509Extension("1.2.3", true, new byte[] { 5, 0 })), Context), (WithExtensions(new("1.2.3", false, new byte[] { 5, 0 }), new("1.2.3", false, new byte[] { 5, 0 })), Context)],
    };

    public static TheoryData<string, int> BadCases => [.. Bad.SelectMany(b => Enumerable.Range(0, b.Value.Length).Select(i => (b.Key, i)))];

    [Fact]
    public void Rules_Each_HasABadCase() =>
        Assert.Equal(OcspResponseLinter.Rules.Select(r => r.Name).Order(StringComparer.Ordinal), Bad.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(BadCases))]
    public void Lint_BadCase_FindsThatRule(string rule, int index) =>
        Assert.Contains(rule, OcspResponseLinter.Lint(Bad[rule][index].Data, Bad[rule][index].Context).Select(f => f.RuleName));

    [Fact]
    public void Lint_GoodResponses_FindsNothing()
    {
        Assert.Empty(OcspResponseLinter.Lint(Good(), Context));
        Assert.Empty(OcspResponseLinter.Lint(Change(d => d with { Responder = new ResponderId.ByName(OcspTests.Responder.Subject) }).Item1, Context));
        Assert.Empty(OcspResponseLinter.Lint(Encode(d => d with { Nonce = new byte[32] }), Context with { RequestNonce = new byte[32] }));
        Assert.Empty(OcspResponseLinter.Lint(Single(s => s with { Status = new OcspCertificateStatus.Revoked(TestPki.Now, CrlReason.KeyCompromise) }).Data, Context));
        Assert.Empty(OcspResponseLinter.Lint(Single(s => s with { Status = new OcspCertificateStatus.Unknown(), Certificate = CertId.Create(TestPki.Root, TestPki.Serial(1)) }).Data, Context));
        Assert.Empty(OcspResponseLinter.Lint(Encode(d => d with { Responder = ResponderId.For(TestPki.IssuingKey.PublicKey) }), Context with { Responder = TestPki.Issuing }));
    }

    private static byte[] Good() => OcspTests.Data(TestPki.Now).Encode();

    private static byte[] Encode(Func<ResponseData, ResponseData> change) => change(OcspTests.Data(TestPki.Now)).Encode();

    private static (byte[] Data, OcspLintContext Context) Change(Func<ResponseData, ResponseData> change) => (Encode(change), Context);

    private static (byte[] Data, OcspLintContext Context) Single(Func<SingleResponse, SingleResponse> change) => Change(d => d with { Responses = [change(d.Responses[0])] });

    private static byte[] WithExtensions(params X509Extension[] extensions)
    {
        var content = new DerReader(Good()).ReadContent(DerTag.Sequence, "ResponseData");
        return RawTbs.Write(w =>
        {
            using var data = w.Sequence();
            w.WriteEncoded(content.Span);
            using var tagged = w.Constructed(0xA1);
            X509Extension.WriteAll(w, extensions);
        });
    }
}
