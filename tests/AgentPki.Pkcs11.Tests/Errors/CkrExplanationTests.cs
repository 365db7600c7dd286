using AgentPki.Pkcs11.Errors;
using Net.Pkcs11Interop.Common;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Errors;

public sealed class CkrExplanationTests
{
    public static TheoryData<CKR> OfTheLibrary => new(Enum.GetValues<CKR>().Where(c => (ulong)c < CkrExplanation.VendorDefined).Distinct());

    [Theory]
    [MemberData(nameof(OfTheLibrary))]
    public void For_EveryCodeTheLibraryKnows_HasItsNameCauseAndRemedy(CKR code)
    {
        var explanation = CkrExplanation.For((ulong)code);
        Assert.Equal(code.ToString(), explanation.Name);
        Assert.NotEmpty(explanation.Cause);
        Assert.NotEmpty(explanation.Remedy);
    }

    [Theory]
    [InlineData(0x1B, "CKR_ACTION_PROHIBITED")]
    [InlineData(0x42, "CKR_AEAD_DECRYPT_FAILED")]
    [InlineData(0x201, "CKR_TOKEN_RESOURCE_EXCEEDED")]
    [InlineData(0x202, "CKR_OPERATION_CANCEL_FAILED")]
    [InlineData(0x203, "CKR_KEY_EXHAUSTED")]
    [InlineData(0x204, "CKR_PENDING")]
    [InlineData(0x205, "CKR_SESSION_ASYNC_NOT_SUPPORTED")]
    [InlineData(0x206, "CKR_SEED_RANDOM_REQUIRED")]
    [InlineData(0x207, "CKR_OPERATION_NOT_VALIDATED")]
    [InlineData(0x208, "CKR_TOKEN_NOT_INITIALIZED")]
    [InlineData(0x209, "CKR_PARAMETER_SET_NOT_SUPPORTED")]
    public void For_CodesOfVersion3_AreKnown(ulong code, string name) => Assert.Equal(name, CkrExplanation.For(code).Name);

    [Fact]
    public void All_Rows_AreOrderedDistinctAndWholeSentences()
    {
        Assert.Equal(CkrExplanation.All.Select(r => r.Code).Order().Distinct(), CkrExplanation.All.Select(r => r.Code));
        Assert.All(CkrExplanation.All, r =>
        {
            Assert.StartsWith("CKR_", r.Name, StringComparison.Ordinal);
            Assert.True(char.IsUpper(r.Cause[0]) && r.Cause[^1] != '.', r.Name);
            Assert.True((char.IsUpper(r.Remedy[0]) || r.Remedy[0] == '\'') && r.Remedy[^1] != '.', r.Name);
        });
    }

    [Fact]
    public void For_VendorsOwnAndUnknownCodes_NameTheNumberAndCountAsDown()
    {
        var own = CkrExplanation.For(0x80000123);
        Assert.Contains("0x80000123", own.Name, StringComparison.Ordinal);
        Assert.Equal(TokenReaction.TokenDown, own.Reaction);
        Assert.Contains("0x00000999", CkrExplanation.For(0x999).Name, StringComparison.Ordinal);
    }

    [Fact]
    public void Describe_Call_SaysWhatWasCalledWhatCameBackWhyAndWhatToDo() =>
        Assert.Equal(
            "C_Sign(CKM_ECDSA) answered CKR_DEVICE_REMOVED. The device was unplugged or is out of reach. Plug it in, or mend the network; the appliance finds it again by itself.",
            CkrExplanation.For(0x32).Describe("C_Sign(CKM_ECDSA)"));
}
