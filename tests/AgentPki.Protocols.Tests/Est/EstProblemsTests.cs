using System.Net;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Protocols.Tests.Harness;

namespace AgentPki.Protocols.Tests.Est;

public sealed class EstProblemsTests
{
    public static TheoryData<PkiProblemKind, int> Table { get; } = new()
    {
        { PkiProblemKind.MalformedRequest, 400 },
        { PkiProblemKind.BadProofOfPossession, 400 },
        { PkiProblemKind.UnsupportedAlgorithm, 400 },
        { PkiProblemKind.BadPublicKey, 400 },
        { PkiProblemKind.PolicyViolation, 400 },
        { PkiProblemKind.IdentityMismatch, 400 },
        { PkiProblemKind.UnknownProfile, 404 },
        { PkiProblemKind.Unauthenticated, 401 },
        { PkiProblemKind.Unauthorized, 403 },
        { PkiProblemKind.ApprovalDenied, 403 },
        { PkiProblemKind.TooLarge, 413 },
        { PkiProblemKind.RateLimited, 429 },
        { PkiProblemKind.UnsupportedMediaType, 415 },
        { PkiProblemKind.NotFound, 404 },
        { PkiProblemKind.Conflict, 409 },
        { PkiProblemKind.Unavailable, 503 },
        { PkiProblemKind.IssuanceRejected, 500 },
    };

    [Fact]
    public void Table_HasEveryKind() => Assert.Equal(Enum.GetValues<PkiProblemKind>().Order(), Table.Select(row => row.Data.Item1).Order());

    [Theory]
    [MemberData(nameof(Table))]
    public async Task Rejected_Kind_HasItsStatusAndItsSentence(PkiProblemKind kind, int status)
    {
        await using var est = await EstServer.StartAsync();
        est.Authority.Answer = _ => new EnrollmentOutcome.Rejected(new PkiProblem(kind, "the \u001b[31mreason\n of it", TimeSpan.FromSeconds(7)));
        using var client = est.Client();
        using var answer = await client.SendAsync(EstServer.Post("simpleenroll", Csr.Base64()), TestContext.Current.CancellationToken);
        await EstEnrollmentTests.AssertRefusedAsync(answer, (HttpStatusCode)status, "The \uFFFD[31mreason\uFFFD of it.\n");
        Assert.Equal("7", answer.Headers.GetValues("Retry-After").Single());
        Assert.Equal(status == 401, answer.Headers.WwwAuthenticate.Count == 1);
        Assert.Empty(est.Authority.Refused); // hop 3 has recorded it
    }
}
